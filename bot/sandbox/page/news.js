// Hear that something moved, for as long as the page is open: over restarts of the sandbox and sleeping laptops.

const AGAIN = 3000;

export function listenForNews({ moved, found, lost }) {
  const stream = new EventSource("/_page/events");
  stream.addEventListener("message", (event) => moved(Number(event.data)));
  stream.addEventListener("open", found);
  stream.addEventListener("error", () => {
    lost();
    if (stream.readyState !== EventSource.CLOSED) return;
    setTimeout(() => listenForNews({ moved, found, lost }), AGAIN);
  });
}
