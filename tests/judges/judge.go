// Judges proofs and notes with the code of Go's checksum database. Reads one question a line,
// answers each with a line: yes or no.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type question struct {
	Kind    string
	Data    string
	Index   int64
	Size    int64
	Root    string
	OldSize int64
	OldRoot string
	Proof   []string
	Note    string
	Key     string
}

func hash(text string) tlog.Hash {
	var h tlog.Hash
	content, err := hex.DecodeString(text)
	if err != nil || len(content) != len(h) {
		panic("a hash has 32 bytes")
	}
	copy(h[:], content)
	return h
}

func holds(q question) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	var proof []tlog.Hash
	for _, step := range q.Proof {
		proof = append(proof, hash(step))
	}
	switch q.Kind {
	case "inclusion":
		data, _ := hex.DecodeString(q.Data)
		leaf := tlog.RecordHash(data)
		return tlog.CheckRecord(proof, q.Size, hash(q.Root), q.Index, leaf) == nil
	case "consistency":
		return tlog.CheckTree(proof, q.Size, hash(q.Root), q.OldSize, hash(q.OldRoot)) == nil
	case "note":
		key, err := note.NewVerifier(q.Key)
		if err != nil {
			return false
		}
		opened, err := note.Open([]byte(q.Note), note.VerifierList(key))
		return err == nil && len(opened.Sigs) == 1
	}
	panic("no such question")
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	answers := bufio.NewWriter(os.Stdout)
	defer answers.Flush()
	for lines.Scan() {
		var q question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			panic(err)
		}
		if holds(q) {
			fmt.Fprintln(answers, "yes")
		} else {
			fmt.Fprintln(answers, "no")
		}
	}
}
