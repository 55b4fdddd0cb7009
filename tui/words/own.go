package words

import (
	"bantop/model"
)

// You says from where the person in front of it is logged in, and whether that is
// banned; "" where that is not known.
func You(s model.State) string {
	for _, o := range s.Logins.Own {
		switch {
		case !o.Mine:
		case len(o.Banned) > 0:
			return "you " + o.Addr.String() + ": banned in " + List(o.Banned)
		default:
			text := "you " + o.Addr.String() + ": not banned"
			for _, f := range o.Fails {
				text += ", " + Count(f.Failures) + " of " + Plural(f.Of, "failure") + " in " + f.Jail
			}
			return text
		}
	}
	return ""
}

// OwnBanned says which address that somebody is logged in from is banned; "" where
// none is.
func OwnBanned(s model.State) string {
	for _, o := range s.Logins.Own {
		if len(o.Banned) > 0 {
			return o.Addr.String() + ", from where " + somebody(o.Who) + " is logged in, is banned in " + List(o.Banned)
		}
	}
	return ""
}

func somebody(who string) string {
	if who == "" {
		return "somebody"
	}
	return who
}
