// Fetch readings from a board whose public key is known: node readings_client.mjs HOST[:PORT] PIN
// PIN is "sha256//...", as `boardcert pin list` prints it; it takes the place of a CA.
import { createHash, X509Certificate } from "node:crypto";
import { request } from "node:https";
import { connect } from "node:tls";

const [address, pin] = process.argv.slice(2);
const { hostname, port } = new URL(`https://${address}`);

const socket = connect({ host: hostname, port: port || 443, rejectUnauthorized: false }, () => {
  const key = new X509Certificate(socket.getPeerCertificate().raw).publicKey;
  const spki = key.export({ type: "spki", format: "der" });
  const found = `sha256//${createHash("sha256").update(spki).digest("base64")}`;
  if (found !== pin) {
    socket.destroy(new Error(`${address} has another key: ${found}`));
    return;
  }
  const headers = { Host: address, Connection: "close" };
  const asking = request({ createConnection: () => socket, path: "/readings", headers });
  asking.on("response", (answer) => answer.pipe(process.stdout)).end();
});
socket.on("error", (error) => {
  console.error(error.message);
  process.exitCode = 1;
});
