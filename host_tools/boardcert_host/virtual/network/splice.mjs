/** Join a socket of this computer with a connection of the simulated network, in both directions. */

const UNSENT_LIMIT_BYTES = 64 * 1024; // so much may wait for the socket's reader before the board has to wait

/**
 * Join *socket* and *connection*. *external*(action): passes external events to the board. Each
 * half closes by itself; a reset on one side is a reset on the other.
 */
export function splice(socket, connection, external) {
  connection.handle({
    received: (bytes) => {
      socket.write(bytes);
      if (socket.writableLength <= UNSENT_LIMIT_BYTES) return;
      connection.pause(true);
      socket.once('drain', () => external(() => connection.pause(false)));
    },
    finished: () => socket.end(),
    room: () => socket.resume(),
    closed: (reason) => {
      if (reason !== 'done') reset(socket);
    },
  });
  socket.on('data', (chunk) => external(() => {
    connection.write(chunk);
    if (connection.isFull) socket.pause();
  }));
  socket.on('end', () => external(() => connection.finish()));
  socket.on('close', () => {
    const wasOrderly = socket.readableEnded && socket.writableFinished;
    if (!wasOrderly) external(() => connection.abort());
  });
  socket.resume();
}

/** Close *socket* so that its peer sees a reset. */
export function reset(socket) {
  if (socket.resetAndDestroy) socket.resetAndDestroy();
  else socket.destroy(); // Node before 18.3
}
