// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

// Has Loki's own parser read the queries on standard input, one a line. Fails with the first that it does not take.
package main

import (
	"bufio"
	"fmt"
	"os"

	"github.com/grafana/loki/v3/pkg/logql/syntax"
)

func main() {
	queries := bufio.NewScanner(os.Stdin)
	count := 0
	for queries.Scan() {
		if _, err := syntax.ParseLogSelector(queries.Text(), true); err != nil {
			fmt.Fprintf(os.Stderr, "%v: %s\n", err, queries.Text())
			os.Exit(1)
		}
		count++
	}
	if err := queries.Err(); err != nil || count == 0 {
		fmt.Fprintln(os.Stderr, "no queries", err)
		os.Exit(1)
	}
	fmt.Println(count, "queries are LogQL")
}
