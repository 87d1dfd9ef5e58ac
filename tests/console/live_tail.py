"""What a log group's live tail answers, made up: so many lines, evenly over time."""

from __future__ import annotations

import json

LINES_PER_S = 1_000
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
  const HOW = __HOW__;
  window.fetch = (url, init) => {
    if (new Headers(init?.headers).get('x-amz-target') !== 'Logs_20140328.StartLiveTail') return real(url, init);
    let sent = 0;
    const body = new ReadableStream({
      start(line) {
        const step = HOW.perSecond / 20;
        const timer = setInterval(() => {
          const events = Array.from({ length: step }, () => ({ timestamp: Date.now(), message: `line ${sent++} ${HOW.more}` }));
          line.enqueue(message('sessionUpdate', { sessionResults: events, sessionMetadata: { sampled: false } }));
          if (sent >= HOW.lines) clearInterval(timer);
        }, 50);
        init.signal?.addEventListener('abort', () => { clearInterval(timer); });
      },
    });
    return Promise.resolve(new Response(body, { status: 200 }));
  };
})();
"""


def tail_of(lines: int, more: str) -> str:
    """A script that answers `StartLiveTail` in the page: `lines` lines that end with `more`, a thousand a second."""
    how = {"lines": lines, "perSecond": LINES_PER_S, "more": more}
    return _SCRIPT.replace("__HOW__", json.dumps(how))
