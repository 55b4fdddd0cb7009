package control

// Stream is all that sets a server up: what a reload sends it, as `fail2ban-client -d`
// prints it, in its order. It may hold secrets of actions.
type Stream struct{ text string }

// Text is the stream as it was printed, for ParseStream.
func (s Stream) Text() string { return s.text }
