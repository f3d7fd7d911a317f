/** Counts the bytes between the operator and a server, as they go over the wire: TLS, headers and bodies. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Bytes so far, as the operator sees them. */
export interface Traffic {
  readonly sent: number;
  readonly received: number;
}

export interface Relay {
  /** The URL of the server, through the relay. */
  readonly url: string;
  traffic(): Traffic;
  /** When the first bytes of each connection came, in milliseconds since 1970. */
  connections(): readonly number[];
  stop(): void;
}

/**
 * Passes everything on to a server on 127.0.0.1, whose certificate is valid for every port.
 *
 * Two designs: (a) the metrics of the API server: no detour, but they lack the sizes of the answers to writes, and do not tell
 * one client from another; (b) this one: all bytes on the wire, of one client.
 */
export async function startRelay(serverUrl: string): Promise<Relay> {
  const port = Number(new URL(serverUrl).port);
  const sockets = new Set<Socket>();
  const counted = { sent: 0, received: 0 };
  const opened: number[] = [];
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port, host: '127.0.0.1', noDelay: true });
    client.once('data', () => opened.push(Date.now()));
    pass(client, upstream, (bytes) => {
      counted.sent += bytes;
    });
    pass(upstream, client, (bytes) => {
      counted.received += bytes;
    });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    traffic: () => ({ ...counted }),
    connections: () => [...opened],
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** An end or a failure of one side ends the other. */
function pass(from: Socket, to: Socket, count: (bytes: number) => void): void {
  from.on('data', (chunk) => count(chunk.length));
  from.pipe(to);
  from.on('error', () => to.destroy());
  from.on('close', () => to.destroy());
}
