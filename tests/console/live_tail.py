"""What a log group's live tail answers, made up: a thousand lines a second until it is enough."""

from __future__ import annotations

import json

_SCRIPT = """(() => {
  const real = window.fetch;
  const text = new TextEncoder();
  const named = (name, value) => {
    const [n, v] = [text.encode(name), text.encode(value)];
    return [n.length, ...n, 7, v.length >> 8, v.length & 255, ...v];
  };
  const message = (kind, body) => {
    const headers = [...named(':message-type', 'event'), ...named(':event-type', kind)];
    const payload = text.encode(JSON.stringify(body));
    const whole = new Uint8Array(16 + headers.length + payload.length);
    const view = new DataView(whole.buffer);
    view.setUint32(0, whole.length);
    view.setUint32(4, headers.length);
    whole.set(headers, 12);
    whole.set(payload, 12 + headers.length);
    return whole;
  };
  // How many came, whether it is enough, and what was drawn anew.
  const tail = window.tail = { sent: 0, isOver: false, rowsMade: 0, textsChanged: 0 };
  tail.watch = (log) => new MutationObserver((changes) => {
    for (const { type, addedNodes } of changes) {
      if (type === 'characterData') tail.textsChanged += 1;
      else tail.rowsMade += addedNodes.length;
    }
  }).observe(log, { childList: true, characterData: true, subtree: true });
  window.fetch = (url, init) => {
    if (new Headers(init?.headers).get('x-amz-target') !== 'Logs_20140328.StartLiveTail') return real(url, init);
    const body = new ReadableStream({
      start(line) {
        const timer = setInterval(() => {
          const events = Array.from({ length: 50 }, () => ({ timestamp: Date.now(), message: `line ${tail.sent++} ${__MORE__}` }));
          line.enqueue(message('sessionUpdate', { sessionResults: events, sessionMetadata: { sampled: false } }));
          if (tail.isOver) clearInterval(timer);
        }, 50);
        init.signal?.addEventListener('abort', () => { clearInterval(timer); });
      },
    });
    return Promise.resolve(new Response(body, { status: 200 }));
  };
})();
"""


def tail_that_ends_with(more: str) -> str:
    """A script that answers `StartLiveTail` in the page with lines that end so, until `tail.isOver`."""
    return _SCRIPT.replace("__MORE__", json.dumps(more))
