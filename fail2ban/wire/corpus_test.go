package wire_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/sebdah/goldie/v2"

	"bantop/fail2ban/wire"
)

const testdata = "../../testdata/wire"

// corpus returns the replies recorded from real servers, by version and name.
func corpus(tb testing.TB) map[string][]byte {
	tb.Helper()
	files, err := filepath.Glob(testdata + "/replies/*/*")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no recorded replies: %v", err)
	}
	replies := make(map[string][]byte)
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		replies[filepath.Base(filepath.Dir(f))+"/"+filepath.Base(f)] = b
	}
	return replies
}

// dump writes a value as Python would show it.
func dump(v wire.Value) string {
	between := func(open, shut string) string {
		var parts []string
		for i := range v.Len() {
			if v.Kind() == wire.Dict {
				key, value := v.Pair(i)
				parts = append(parts, dump(key)+": "+dump(value))
				continue
			}
			parts = append(parts, dump(v.At(i)))
		}
		return open + strings.Join(parts, ", ") + shut
	}
	switch v.Kind() {
	case wire.List:
		return between("[", "]")
	case wire.Tuple:
		return between("(", ")")
	case wire.Dict:
		return between("{", "}")
	case wire.String:
		return fmt.Sprintf("%q", v.Text())
	case wire.None:
		return "None"
	default:
		return v.Text()
	}
}

// TestRecordedReplies decodes what real servers answered, each in one piece
// and byte by byte, and shows the result.
func TestRecordedReplies(t *testing.T) {
	for _, version := range []string{"1.0.2", "1.1.0"} {
		var out strings.Builder
		files, err := os.ReadDir(testdata + "/replies/" + version)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			raw := corpus(t)[version+"/"+f.Name()]
			whole, err := wire.NewDecoder(bytes.NewReader(raw), wire.Limits{}).Decode()
			if err != nil {
				t.Errorf("%s: %v", f.Name(), err)
				continue
			}
			pieces, err := wire.NewDecoder(iotest.OneByteReader(bytes.NewReader(raw)), wire.Limits{}).Decode()
			if err != nil || dump(pieces) != dump(whole) {
				t.Errorf("%s: in pieces: %s, %v", f.Name(), dump(pieces), err)
			}
			value, err := whole.Result()
			if err != nil {
				fmt.Fprintf(&out, "%-18s %s\n%-18s error: %v\n", f.Name(), dump(whole), "", err)
				continue
			}
			fmt.Fprintf(&out, "%-18s %s\n", f.Name(), dump(value))
		}
		goldie.New(t, goldie.WithFixtureDir(testdata)).Assert(t, "replies-"+version, []byte(out.String()))
	}
}

// TestCutShort holds that a reply cut anywhere is never taken for a whole one.
func TestCutShort(t *testing.T) {
	for name, raw := range corpus(t) {
		for n := range raw {
			_, err := wire.NewDecoder(bytes.NewReader(raw[:n]), wire.Limits{}).Decode()
			want := io.ErrUnexpectedEOF
			if n == 0 {
				want = io.EOF
			}
			if err != want {
				t.Fatalf("%s cut at %d of %d: %v, want %v", name, n, len(raw), err, want)
			}
		}
	}
}

// TestRepliesInOneStream holds that replies that arrive together are told
// apart, as they do when requests are pipelined.
func TestRepliesInOneStream(t *testing.T) {
	replies := corpus(t)
	var stream []byte
	var want []string
	for _, raw := range replies {
		stream = append(stream, raw...)
		v, err := wire.NewDecoder(bytes.NewReader(raw), wire.Limits{}).Decode()
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, dump(v))
	}
	d := wire.NewDecoder(iotest.HalfReader(bytes.NewReader(stream)), wire.Limits{})
	for i, w := range want {
		v, err := d.Decode()
		if err != nil || dump(v) != w {
			t.Fatalf("reply %d: %s, %v, want %s", i, dump(v), err, w)
		}
	}
	if _, err := d.Decode(); err != io.EOF {
		t.Fatalf("after the last reply: %v", err)
	}
}
