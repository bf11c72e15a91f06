package intl

// rangeSeparator stands between two dates: an en dash between thin spaces.
const rangeSeparator = "\u2009–\u2009"

// FormatRange writes an interval: once what both ends have in common at the
// start (the date, before two times) or at the end (month and year, AM or PM, the
// zone), as English does. Other languages separate the ends in ways of their own,
// which are not known here.
func (f *DateTimeFormat) FormatRange(a, b float64) (string, error) {
	x, err := f.Parts(a)
	if err != nil {
		return "", err
	}
	y, err := f.Parts(b)
	if err != nil {
		return "", err
	}
	if Join(x) == Join(y) {
		return Join(x), nil
	}
	head, tail := common(x, y)
	return Join(x[:len(x)-tail]) + rangeSeparator + Join(y[head:]), nil
}

// common returns how many parts at the start and at the end are said once.
func common(x, y []Part) (head, tail int) {
	if len(x) != len(y) {
		return 0, 0
	}
	dates, sameDate, words := false, true, false
	for i, p := range x {
		switch p.Type {
		case "year", "month", "day", "weekday", "era":
			dates = true
			sameDate = sameDate && p == y[i]
			words = words || p.Type == "month" && (p.Value[0] < '0' || p.Value[0] > '9')
		}
	}
	if dates && !sameDate && !words {
		return 0, 0 // 1/4/2024 – 1/6/2024
	}
	for head < len(x) && x[head] == y[head] && headable(x[head].Type, sameDate) {
		head++
	}
	if hasTime(x) && !sameDate {
		return 0, 0 // two dates, each with its time
	}
	for tail < len(x)-head && x[len(x)-1-tail] == y[len(y)-1-tail] && tailable(x[len(x)-1-tail].Type) {
		tail++
	}
	return head, tail
}

func hasTime(parts []Part) bool {
	for _, p := range parts {
		if p.Type == "hour" || p.Type == "minute" {
			return true
		}
	}
	return false
}

// headable are the fields that are not repeated in the second end; the day is
// one only when the whole date is the same.
func headable(kind string, sameDate bool) bool {
	switch kind {
	case "year", "month", "weekday", "era", "literal":
		return true
	case "day":
		return sameDate
	}
	return false
}

func tailable(kind string) bool {
	switch kind {
	case "year", "month", "era", "literal", "dayPeriod", "timeZoneName":
		return true
	}
	return false
}
