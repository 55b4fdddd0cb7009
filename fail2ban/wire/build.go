package wire

import "unsafe"

// keepText copies b into the text of the message and returns where it is, see
// message.at.
func (d *Decoder) keepText(b []byte) (uint32, error) {
	used := d.text.Len()
	if used+len(b) > d.text.Cap() || used >= 1<<pieceBits {
		if err := d.growText(len(b)); err != nil {
			return 0, err
		}
		used = 0
	}
	d.text.Write(b)
	return uint32(len(d.m.text)-1)<<pieceBits | uint32(used), nil
}

// textOf returns the text of a string or class of the message while it is being
// decoded.
func (d *Decoder) textOf(n node) string {
	d.share()
	return d.m.at(n)
}

// share gives the message the text of the piece that is being filled. Both share
// the bytes.
func (d *Decoder) share() {
	if last := len(d.m.text) - 1; last >= 0 {
		d.m.text[last] = d.text.String()
	}
}

// growText begins another piece of text with room for n bytes: the text never
// moves, so nothing is copied twice and nothing becomes garbage.
func (d *Decoder) growText(n int) error {
	if len(d.m.text) == mostPieces {
		return formatf("too much text")
	}
	d.share()
	size := max(n, firstPiece, min(2*d.text.Cap(), 1<<pieceBits))
	if err := d.spend(size); err != nil {
		return err
	}
	d.text.Reset()
	d.text.Grow(size)
	d.m.text = append(d.m.text, "")
	return nil
}

// spend takes n bytes out of what may be allocated.
func (d *Decoder) spend(n int) error {
	if !d.budget.take(n) {
		return formatf("it would take too much memory")
	}
	return nil
}

// push appends to a slice, see grow.
func push[T any](d *Decoder, s *[]T, v ...T) error {
	if len(*s)+len(v) > cap(*s) {
		if err := grow(d, s, len(v)); err != nil {
			return err
		}
	}
	*s = append(*s, v...)
	return nil
}

// grow makes room for n more in a slice, which doubles: append's own factor of
// 1.25 for long slices would copy a message of 100,000 addresses four times
// more often, which was two thirds of the time to decode it. What it allocates
// is taken out of the budget.
func grow[T any](d *Decoder, s *[]T, n int) error {
	n = max(n, len(*s))
	if err := d.spend((len(*s) + n) * int(unsafe.Sizeof(*new(T)))); err != nil {
		return err
	}
	larger := make([]T, len(*s), len(*s)+n)
	copy(larger, *s)
	*s = larger
	return nil
}
