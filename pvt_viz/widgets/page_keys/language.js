// Screen readers choose a voice by the page's language, and browsers the shapes of Chinese characters.
export default function pageLanguage({ data }) {
  document.documentElement.lang = data.language;
}
