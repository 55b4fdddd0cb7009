package fail2ban

import "strings"

// Nearest is the name that was probably meant by a word: one that begins with it, or the
// one that is spelled most like it, if that is near enough; else "". Capital letters do not
// matter.
func Nearest(word string, names []string) string {
	word = strings.ToLower(word)
	best, least := "", max(2, (len(word)+2)/3)+1
	for _, name := range names {
		d := distance(word, strings.ToLower(name))
		if word != "" && strings.HasPrefix(strings.ToLower(name), word) {
			d = 0
		}
		if d < least && d < len(name) {
			best, least = name, d
		}
	}
	return best
}

// distance is how many letters have to be changed, added, taken away or swapped with the
// next one (Damerau and Levenshtein, of neighbours).
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	rows := make([][]int, len(s)+1)
	for i := range rows {
		rows[i] = make([]int, len(t)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(s); i++ {
		for j := 1; j <= len(t); j++ {
			other := 1
			if s[i-1] == t[j-1] {
				other = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+other)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(s)][len(t)]
}
