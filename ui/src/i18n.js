import Vue from "vue";
import VueI18n from "vue-i18n";
import english from "../public/i18n/en/translation.json";

Vue.use(VueI18n);

/** The other languages, each loaded when it is wanted. */
const LANGUAGES = {
  it: () => import("../public/i18n/it/translation.json"),
};

/** The texts in the language of cluster-admin, which is the browser's; English stands in for what there is not. */
export async function loadTexts() {
  const language = navigator.language.substring(0, 2);
  const messages = { en: english };
  if (LANGUAGES[language]) {
    messages[language] = (await LANGUAGES[language]()).default;
  }
  const locale = messages[language] ? language : "en";
  document.documentElement.lang = locale;
  // Dates and numbers may be written as in the browser's own corner of the language: 17:00 or 5:00 PM.
  Vue.prototype.$formats = language === locale ? navigator.language : locale;
  return new VueI18n({ locale, fallbackLocale: "en", messages });
}
