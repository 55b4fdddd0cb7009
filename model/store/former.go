package store

import "fmt"

// maxFormer is the longest stream that is read back, in bytes: some hundred times
// what Debian's ninety jails need.
const maxFormer = 64 << 20

// KeepFormer writes down what set a server up before a change, as a file that only
// its owner may read: it may hold secrets of actions. Call it after Keep, which
// removes the file of an earlier change. It returns the sum for ReadFormer.
func (t Texts) KeepFormer(text []byte) (sum string, err error) {
	dir, err := t.open()
	if err == nil {
		defer dir.Close()
		err = t.keep(dir, formerEnding, text, 0o600)
	}
	if err == nil {
		err = dir.Sync()
	}
	if err != nil {
		return "", fmt.Errorf("keep what set fail2ban up before the change: %w", kindOf(err))
	}
	return Sum(text), nil
}

// ReadFormer reads what KeepFormer wrote. It is an error if the file is missing, or
// is another than was kept.
func (t Texts) ReadFormer(sum string) ([]byte, error) {
	dir, err := t.open()
	if err != nil {
		return nil, fmt.Errorf("read what set fail2ban up before the change: %w", err)
	}
	defer dir.Close()
	text, err := t.read(dir, formerEnding, sum, maxFormer)
	if err != nil {
		return nil, fmt.Errorf("read what set fail2ban up before the change: %w", err)
	}
	return text, nil
}
