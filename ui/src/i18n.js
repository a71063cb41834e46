//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import Vue from "vue";
import VueI18n from "vue-i18n";
import { languageOfFile, pickLanguage } from "@/logic/languages.js";

Vue.use(VueI18n);

/** Every language that has a file, by the file's path: a translator's new folder needs no line of code. */
const FILES = import.meta.glob("../public/i18n/*/translation.json", { import: "default" });
const LANGUAGES = Object.fromEntries(Object.entries(FILES).map(([path, load]) => [languageOfFile(path), load]));

/** The texts in the language of cluster-admin, which is the browser's; English stands in for what there is not. */
export async function loadTexts() {
  const locale = pickLanguage(navigator.language, Object.keys(LANGUAGES));
  const messages = { en: await LANGUAGES.en() };
  messages[locale] ??= await LANGUAGES[locale]();
  document.documentElement.lang = locale;
  // Dates and numbers may be written as in the browser's own corner of the language: 17:00 or 5:00 PM.
  Vue.prototype.$formats = navigator.language.startsWith(locale) ? navigator.language : locale;
  return new VueI18n({ locale, fallbackLocale: "en", messages });
}
