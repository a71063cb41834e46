//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { describe, expect, it } from "vitest";
import { escapeHtml } from "../../src/logic/escape.js";
import { mailDocument } from "../../src/logic/mail.js";

it("makes text of what would be HTML", () => {
  expect(escapeHtml(`<img src=x onerror="a('b')"> & more`)).toBe(
    "&lt;img src=x onerror=&quot;a(&#39;b&#39;)&quot;&gt; &amp; more",
  );
  expect(escapeHtml(null)).toBe("");
});

describe("a mail in a frame", () => {
  it("has its policy before anything that could be fetched, and keeps its doctype", () => {
    const html = mailDocument('<!DOCTYPE html>\n<html><img src="https://tracker.example/"></html>');
    expect(html).toMatch(/^<!DOCTYPE html><meta http-equiv="Content-Security-Policy" content="default-src 'none';/);
    expect(html.indexOf("<img")).toBeGreaterThan(html.indexOf("<meta"));
  });

  it("needs no doctype", () => expect(mailDocument("<p>x</p>")).toMatch(/^<meta .*<p>x<\/p>$/));
});
