/** Connections from the board to the world outside: to ports of loopback that were allowed, and to no other. */
import { connect } from 'node:net';

import { reset, splice } from './splice.mjs';

/**
 * Take *connection*, which the board opens to where *segment* says. It is accepted when the allowed port on loopback
 * has accepted it. *names*: a Names. *note*: called with what was refused. *external*: see splice.
 */
export function connectOutward(connection, segment, { names, note, external }) {
  const { destination, destinationPort } = segment;
  const port = names.target(destination, destinationPort);
  if (port === null) {
    note(`a connection to ${destination} port ${destinationPort} is not allowed`);
    connection.abort();
    return;
  }
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
  socket.pause();
  connection.handle({ closed: () => reset(socket), opened: () => splice(socket, connection, external) });
  socket.on('connect', () => external(() => connection.accept()));
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    // Once it is open, this is for the splice.
    if (['incoming', 'accepting'].includes(connection.state)) external(() => connection.abort());
  });
}
