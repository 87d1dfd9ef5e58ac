/** Part of the code that does not come: the connection broke, or the server is of another version by now. */

const KEY = "lambdad.reloaded";
const NOT_AGAIN_FOR_MS = 10_000;

/** Load the page once more when that happens; a second time within ten seconds it is told instead. */
export function reloadOnLoss(): void {
  window.addEventListener("vite:preloadError", () => {
    if (Date.now() - Number(sessionStorage.getItem(KEY) ?? 0) < NOT_AGAIN_FOR_MS) return;
    sessionStorage.setItem(KEY, String(Date.now()));
    location.reload();
  });
}
