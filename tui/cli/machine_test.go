package cli

// NoMachineAddresses lets no address be one of this machine's.
func NoMachineAddresses() { machineAddresses = func() []string { return nil } }
