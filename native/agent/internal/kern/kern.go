// Package kern asks the kernel of darwin what elsewhere is read from /proc: values by sysctl, and processes. It imports
// nothing of ours, and is empty elsewhere.
package kern
