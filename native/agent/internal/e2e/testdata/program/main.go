// Command program is what the images of the container tests hold: its arguments are a verb. As /bin/sh it takes
// `-c VERB...`. It shares nothing with the agent.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

var verbs = map[string]func(word string){
	"exit":      exit,
	"sleep":     sleep,
	"stubborn":  stubborn,
	"polite":    polite,
	"hog":       func(string) { hog() },
	"binary":    binary,
	"count":     count,
	"env":       func(string) { env() },
	"write":     write,
	"devstdout": func(string) { devStdout() },
	"serve":     serve,
	"burn": func(string) {
		for {
		}
	},
}

func main() {
	words := os.Args[1:]
	if len(words) == 2 && words[0] == "-c" {
		words = strings.Fields(words[1])
	}
	if len(words) == 0 {
		fmt.Println("default")
		return
	}
	if verb, known := verbs[words[0]]; known {
		verb(strings.Join(words[1:], " "))
	}
}

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func number(word string) int {
	n, err := strconv.Atoi(word)
	must(err)
	return n
}

func exit(word string) {
	fmt.Println("out")
	fmt.Fprintln(os.Stderr, "err")
	os.Exit(number(word))
}

func sleep(string) {
	fmt.Println("sleeping pid", os.Getpid(), "uid", os.Getuid())
	time.Sleep(time.Hour)
}

func stubborn(string) {
	signal.Ignore(syscall.SIGTERM)
	fmt.Println("stubborn")
	time.Sleep(time.Hour)
}

func polite(string) {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	fmt.Println("polite")
	<-asked
	fmt.Print("bye without newline")
	os.Exit(7)
}

func hog() {
	var all [][]byte
	for {
		block := make([]byte, 1<<20)
		for i := range block {
			block[i] = 1
		}
		all = append(all, block)
		_ = all
	}
}

func binary(word string) {
	block := make([]byte, 65536)
	for i := range block {
		block[i] = byte(i * 7)
	}
	for i := number(word); i > 0; i-- {
		_, err := os.Stdout.Write(block)
		must(err)
	}
}

func count(word string) {
	for i, n := 0, number(word); i < n; i++ {
		fmt.Println(i)
		time.Sleep(time.Millisecond)
	}
}

func env() {
	for _, variable := range os.Environ() {
		fmt.Println(variable)
	}
	folder, err := os.Getwd()
	must(err)
	fmt.Println("wd", folder)
}

func write(file string) { must(os.WriteFile(file, []byte("written"), 0o644)) }

func devStdout() {
	file, err := os.OpenFile("/dev/stdout", os.O_WRONLY|os.O_TRUNC, 0)
	must(err)
	fmt.Println("one")
	fmt.Fprintln(file, "two")
	fmt.Println("three")
}

func serve(port string) {
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	must(err)
	must(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "hi") })))
}
