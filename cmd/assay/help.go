package main

import (
	"flag"
	"fmt"
	"io"
	"strings"

	"assay/internal/config"
)

func usage(w io.Writer) {
	fmt.Fprint(w, "Assay is an audit portal for companies that run AI systems.\n\nUsage:\n\n    assay COMMAND [flags]\n\nCommands:\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "    %-12s %s\n", c.name, c.summary)
	}
	fmt.Fprintf(w, "    %-12s %s\n\n", "help", "explain a command: assay help COMMAND")
	fmt.Fprint(w, "Exit status: 0 done, 1 failed or does not hold, 2 unusable input or configuration.\n")
}

func help(s *session) int {
	if len(s.args) == 0 {
		usage(s.stdout)
		return exitOK
	}
	for _, c := range commands() {
		if c.name == s.args[0] {
			c.help(s.stdout)
			return exitOK
		}
	}
	fmt.Fprintf(s.stderr, "assay: there is no command %q; \"assay help\" lists them.\n", s.args[0])
	return exitUnusable
}

// flags prints every flag of fs with the variable that mirrors it.
func flags(w io.Writer, fs *flag.FlagSet, mirrored bool) {
	fmt.Fprint(w, "\nFlags:\n\n")
	fs.VisitAll(func(f *flag.Flag) {
		kind, text := flag.UnquoteUsage(f)
		fmt.Fprintf(w, "    -%s %s\n", f.Name, kind)
		if mirrored {
			fmt.Fprintf(w, "        or %s\n", config.Variable(f.Name))
		}
		fmt.Fprintf(w, "        %s\n", text)
		if f.DefValue != "" && f.DefValue != "false" {
			fmt.Fprintf(w, "        default: %s\n", f.DefValue)
		}
	})
}

func paragraph(w io.Writer, lines ...string) { fmt.Fprintln(w, strings.Join(lines, "\n")) }

func serveHelp(w io.Writer) {
	paragraph(w, "assay serve: run the portal.", "",
		"Every flag can be given as a variable instead; a flag wins over its variable.",
		"The schema is brought up to date first. A setting that is missing or wrong, a",
		"migration that fails and a database of a newer build end the program with",
		"status 2 and a sentence, before anything listens.")
	flags(w, new(config.Serve).Flags(), true)
}

func demoHelp(w io.Writer) {
	paragraph(w, "assay demo: run a demonstration with an invented company, Halyard AI.", "",
		"The data is made on the first start and kept. Anybody who can reach the address",
		"can sign in as anybody, so it listens on loopback only and refuses to run beside",
		"a production configuration.")
	flags(w, new(config.Demo).Flags(), true)
}

func witnessHelp(w io.Writer) {
	paragraph(w, "assay witness: cosign the logs of others, so that they cannot be rewritten.", "",
		"A small program for somebody else than the company: an audit firm runs it where the",
		"company cannot reach. It remembers the newest checkpoint of each log and signs another",
		"one only when that provably extends it. Whoever has the company's database and its",
		"signing key can then write no other history that this witness signed.", "",
		"It answers POST /add-checkpoint as C2SP tlog-witness has it, needs no database, and",
		"keeps one small file for each log. Its folder is its memory: a witness that lost it",
		"must get a new name and key.")
	flags(w, new(witnessOptions).flags(), true)
}

func migrateHelp(w io.Writer) {
	paragraph(w, "assay migrate: bring the database schema up to date.", "",
		"\"assay serve\" does this by itself; the command is for doing it apart, before a",
		"rollout. Running it again changes nothing. A database of a newer build is refused.")
	flags(w, migrateFlags(new(string)), true)
}

func verifyHelp(w io.Writer) {
	paragraph(w, "assay verify: prove that nothing in the database, or in a binder, was altered.", "",
		"    assay verify -db URL",
		"    assay verify BINDER.zip", "",
		"Replays every leaf of the log, compares each tree with the checkpoint signed over",
		"it, and every logged row with the last leaf about it. It changes nothing and can",
		"run beside a server. Keep the last checkpoint of each run somewhere else and give",
		"it with -since next time: only that finds an older database put back.", "",
		"A binder is the archive of an examination. Every file in it is hashed, every draw",
		"repeated, every leaf proved and every signature checked. It needs no network and",
		"no database, unpacks nothing, and refuses what no binder holds. It keeps the key that",
		"it was signed with when it was made first: after the log got another signing key,",
		"give -key the old one, which the page of the binder shows.", "",
		"Exit status: 0 everything holds, with a summary; 1 something does not, each row,",
		"leaf or range on a line; 2 the input cannot be used.")
	flags(w, new(verifyOptions).flags(), false)
}

func healthHelp(w io.Writer) {
	paragraph(w, "assay health: ask a running server whether it is well.", "",
		"For container health checks. Exit status 0 when it is, 1 when it is not.")
	flags(w, healthFlags(new(string)), true)
}

func versionHelp(w io.Writer) { paragraph(w, "assay version: print the version.") }
