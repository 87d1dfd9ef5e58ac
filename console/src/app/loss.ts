/** Part of the code that does not come: the server is gone, or of another version by now. */

const KEY = "lambdad.reloaded";
const NOT_AGAIN_FOR_MS = 10_000;

/**
 * Load the page once more when that happens and the server answers: it has other code now. While it does not, and a
 * second time within ten seconds, the page that is there stays and tells it.
 */
export function reloadOnLoss(): void {
  window.addEventListener("vite:preloadError", () => {
    if (Date.now() - Number(sessionStorage.getItem(KEY) ?? 0) < NOT_AGAIN_FOR_MS) return;
    fetch(location.href, { method: "HEAD", cache: "no-store" }).then(
      () => {
        sessionStorage.setItem(KEY, String(Date.now()));
        location.reload();
      },
      () => undefined,
    );
  });
}

/** Whether an error is about code that did not come. */
export const isLoss = (error: Error): boolean => /dynamically imported module|importing a module|preload/i.test(error.message);
