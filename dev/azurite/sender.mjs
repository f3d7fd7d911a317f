/**
 * A client of Storage queues that was not written for the operator: @azure/storage-queue, which answers lines of JSON.
 * `node sender.mjs FOLDER` finds the packages in that folder. Plain JavaScript, since their types are in that folder, too.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const { QueueServiceClient } = createRequire(join(process.argv[2], 'package.json'))('@azure/storage-queue');
/** How many are sent at a time: azurite is one process. */
const WRITERS = 8;

/** Tokens of the emulated Entra for the client that the question names, for any scope that the SDK asks for. */
function credentialOf({ authorityUrl, tenantId, clientId, clientSecret }, audience) {
  let known;
  return {
    getToken: async (scopes) => {
      const scope = audience ?? [scopes].flat().join(' ');
      if (known === undefined) {
        const body = new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: clientId,
          client_secret: clientSecret,
          scope,
        });
        const answer = await fetch(`${authorityUrl}/${tenantId}/oauth2/v2.0/token`, { method: 'POST', body });
        const { access_token: token, expires_in: seconds, error_description: error } = await answer.json();
        if (token === undefined) throw new Error(error);
        known = { token, expiresOnTimestamp: Date.now() + seconds * 1_000 };
      }
      return known;
    },
  };
}

const services = new Map();

function queueOf({ azure, account, queue, audience }) {
  const key = JSON.stringify([azure, account, audience]);
  if (!services.has(key)) {
    const options = { retryOptions: { maxTries: 1 } };
    services.set(key, new QueueServiceClient(account, credentialOf(azure, audience), options));
  }
  return services.get(key).getQueueClient(queue);
}

const ACTS = {
  create: (queue) => queue.createIfNotExists(),
  remove: (queue) => queue.deleteIfExists(),
  clear: (queue) => queue.clearMessages(),
  send: async (queue, { texts }) => {
    let next = 0;
    const write = async () => {
      while (next < texts.length) await queue.sendMessage(texts[next++]);
    };
    await Promise.all(Array.from({ length: Math.min(WRITERS, texts.length) }, write));
  },
  receive: async (queue, { count = 32, visibleAfter = 30 }) => {
    const options = { numberOfMessages: count, visibilityTimeout: visibleAfter };
    const { receivedMessageItems: items } = await queue.receiveMessages(options);
    return items.map(({ messageId: id, popReceipt: receipt, messageText: text, dequeueCount }) => {
      return { id, receipt, text, dequeueCount };
    });
  },
  delete: (queue, { id, receipt }) => queue.deleteMessage(id, receipt),
  /** How many there are, hidden ones included. */
  count: async (queue) => (await queue.getProperties()).approximateMessagesCount,
};

/** What the SDK returned as far as it is data, or what it threw. */
async function answer({ act, ...given }) {
  try {
    const result = await ACTS[act](queueOf(given), given);
    return { result: typeof result === 'number' || Array.isArray(result) ? result : null };
  } catch (error) {
    return { error: { status: error.statusCode ?? null, code: error.code ?? null, message: String(error.message) } };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}
