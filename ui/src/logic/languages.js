//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
/** The languages of the pages, and those of the emails. */

/** The service's `MAIL_LANGUAGE`, as configure-module takes it. */
export const MAIL_LANGUAGES = ["en", "it"];

/** The language of a file such as `../public/i18n/pt_BR/translation.json`: `pt-BR`, as browsers write it. */
export function languageOfFile(path) {
  return path.split("/").at(-2).replace("_", "-");
}

/** The best of the languages that there are for a browser's: the very one, that of its first part, or English. */
export function pickLanguage(wanted, languages) {
  const [language] = wanted.split("-");
  return languages.find((name) => name === wanted) ?? languages.find((name) => name === language) ?? "en";
}

/** A language's own name, so that whoever looks for it can read it: "Italiano". */
export function nameOfLanguage(language) {
  const name = new Intl.DisplayNames([language], { type: "language" }).of(language);
  return name.charAt(0).toLocaleUpperCase(language) + name.slice(1);
}
