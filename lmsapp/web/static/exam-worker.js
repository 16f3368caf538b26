// Keeps one exam page and what it needs on this device, so that a reload without the line shows the exam, not an error.
const NAME = "exam";
const page = `${registration.scope}1`;
const ours = (reply) => reply.ok && !reply.redirected && (reply.headers.get("Content-Security-Policy") || "").includes("frame-ancestors");

async function visited(request) {
  try {
    const reply = await fetch(request);
    if (ours(reply) && /\/[0-9]+$/.test(new URL(request.url).pathname)) await (await caches.open(NAME)).put(page, reply.clone());
    return reply;
  } catch (problem) {
    const kept = await caches.match(page, { ignoreVary: true });
    if (kept) return kept;
    throw problem;
  }
}

async function fetched(request) {
  return await caches.match(request, { ignoreVary: true }) || fetch(request);
}

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(fetch(page).then(async (reply) => { if (ours(reply)) await (await caches.open(NAME)).put(page, reply); }));
});
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.mode === "navigate" && request.method === "GET") event.respondWith(visited(request));
  else if (request.method === "GET" && new URL(request.url).pathname.startsWith("/static/")) event.respondWith(fetched(request));
});
