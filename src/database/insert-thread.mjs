// Runs in a thread of its own (embedded-inserts.ts): inserts rows over a connection of its own, each message in one
// transaction. Plain JavaScript, as tests load it as it stands.
import Libsql from 'libsql';
import { parentPort, workerData } from 'node:worker_threads';

const MAX_PREPARED = 50;

const connection = new Libsql(workerData.file);
connection.exec('PRAGMA synchronous = NORMAL');
connection.exec(`PRAGMA journal_size_limit = ${workerData.maxWalBytes}`);
const prepared = new Map();

parentPort.on('message', (statements) => {
  try {
    connection.exec('BEGIN IMMEDIATE');
    for (const { sql, parameters } of statements) statementOf(sql).run(...parameters);
    connection.exec('COMMIT');
    parentPort.postMessage(null);
  } catch ({ message, code }) {
    rollBack();
    parentPort.postMessage({ message, code });
  }
});

/** They differ by what is the same in all rows of a statement. */
function statementOf(sql) {
  if (prepared.size === MAX_PREPARED) prepared.clear();
  if (!prepared.has(sql)) prepared.set(sql, connection.prepare(sql));
  return prepared.get(sql);
}

/** SQLite ends a transaction by itself when the disk is full. */
function rollBack() {
  try {
    connection.exec('ROLLBACK');
  } catch {
    // None was open any more.
  }
}
