/** The analysis of a traced push: each step taken out, failed or moved turns it red. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingSteps, type Push, parseTrace } from './trace.ts';

const push: Push = { clientPort: 40000, blobPath: '/d/blobs/sha256/ab/abcd', logPath: '/d/postern.db-wal' };

/** As strace -f -y writes it: file calls on threads of libuv's pool, overlapping others. */
const RECORDED = `
100 read(23<TCP:[127.0.0.1:5443->127.0.0.1:40000]>, "..."..., 65536) = 620
100 write(23<TCP:[127.0.0.1:5443->127.0.0.1:40000]>, "..."..., 1200) = 1200
100 read(23<TCP:[127.0.0.1:5443->127.0.0.1:40000]>, "..."..., 65536) = 65536
101 pwrite64(24</d/blobs/incoming/1>, "..."..., 65536, 0) = 65536
100 read(23<TCP:[127.0.0.1:5443->127.0.0.1:40000]>, "..."..., 65536) = 4000
102 pwritev(24</d/blobs/incoming/1>, [{...}], 1, 65536 <unfinished ...>
100 read(23<TCP:[127.0.0.1:5443->127.0.0.1:40000]>, 0x55, 65536) = -1 EAGAIN (Resource temporarily unavailable)
102 <... pwritev resumed>) = 4000
103 fsync(25</d/blobs/incoming/1> <unfinished ...>
100 write(30</d/log/server.log>, "..."..., 20) = 20
103 <... fsync resumed>) = 0
104 mkdir("/d/blobs/sha256/ab", 0700) = 0
104 fsync(26</d/blobs/sha256>) = 0
101 rename("/d/blobs/incoming/1", "/d/blobs/sha256/ab/abcd") = 0
102 fsync(26</d/blobs/sha256/ab>) = 0
100 pwrite64(17</d/postern.db-wal>, "..."..., 24, 0) = 24
100 pwrite64(17</d/postern.db-wal>, "..."..., 4096, 24) = 4096
100 fdatasync(17</d/postern.db-wal>) = 0
100 write(23<TCP:[127.0.0.1:5443->127.0.0.1:40000]>, "..."..., 400) = 400
100 read(23<TCP:[127.0.0.1:5443->127.0.0.1:40000]>, "", 65536) = 0
--- SIGCHLD {si_signo=SIGCHLD} ---
`;

test('the calls of a trace are read, also those that others interrupt', () => {
  const calls = parseTrace(RECORDED);
  const vectors = calls.find(({ name }) => name === 'pwritev');
  assert.deepEqual([vectors?.pid, vectors?.result, (vectors?.end ?? 0) - (vectors?.start ?? 0)], [102, 4000, 2]);
  assert.equal(calls.find(({ result }) => result < 0)?.name, 'read');
  assert.equal(calls.length, 18);
});

test('a push that took every step is durable', () => {
  assert.deepEqual(missingSteps(parseTrace(RECORDED), push), []);
});

test('an answer within whose write the server was killed is an answer: the client had it', () => {
  const cut = RECORDED.replace(/ = 400\n.*/s, ' <unfinished ...>\n');
  const calls = parseTrace(cut);
  assert.ok(Number.isNaN(calls.at(-1)?.result));
  assert.deepEqual(missingSteps(calls, push), []);
  // It still has to come after the rest.
  assert.match(missingSteps(parseTrace(cut.replace(/^.*fdatasync\(.*\n/gm, '')), push).join(), /no sync of \/d\/postern\.db-wal/);
});

const steps: [string, RegExp, RegExp][] = [
  ['the sync of the file', /^.*fsync\(25<.*\n|^.*fsync resumed.*\n/gm, /no sync of \/d\/blobs\/incoming\/1/],
  ['the rename', /^.*rename\(.*\n/gm, /no rename to/],
  ['the sync of the folder', /^.*fsync\(26<\/d\/blobs\/sha256\/ab>.*\n/gm, /no sync of the folder/],
  ['the sync of the folder above, when the folder is new', /^.*fsync\(26<\/d\/blobs\/sha256>.*\n/gm, /no sync of \/d\/blobs\/sha256 after/],
  ['the pages of the record', /^.*pwrite64\(17<.*\n/gm, /nothing was written to/],
  ['the sync of the record', /^.*fdatasync\(.*\n/gm, /no sync of \/d\/postern\.db-wal/],
  ['the bytes', /^.*pwrite.*\(24<.*\n|^.*pwritev resumed.*\n/gm, /no bytes written/],
  ['the answer', /^.* = 400\n/gm, /no answer/],
];

for (const [name, lines, expected] of steps) {
  test(`without ${name} it is red`, () => {
    const without = RECORDED.replace(lines, '');
    assert.notEqual(without, RECORDED);
    assert.match(missingSteps(parseTrace(without), push).join('\n'), expected);
  });
  if (name === 'the answer') continue;
  test(`with ${name} after the answer it is red`, () => {
    const moved = RECORDED.match(lines)?.join('') ?? '';
    const late = RECORDED.replace(lines, '').replace(/^--- SIG/m, `${moved}--- SIG`);
    assert.notDeepEqual(missingSteps(parseTrace(late), push), []);
  });
}

test('a step that failed, that was not over, or that came too early is no step', () => {
  const changed = (from: string, to: string): string => {
    assert.ok(RECORDED.includes(from), from);
    return missingSteps(parseTrace(RECORDED.replace(from, to)), push).join('\n');
  };
  assert.match(changed('fdatasync(17</d/postern.db-wal>) = 0', 'fdatasync(17</d/postern.db-wal>) = -1 EIO (Input/output error)'), /no sync of \/d\/postern/);
  assert.match(changed('103 <... fsync resumed>) = 0', '103 <... fsync resumed>) = -1 EIO (Input/output error)'), /no sync of \/d\/blobs\/incoming/);
  // The sync of the file before its last bytes.
  const early = RECORDED.replace(/^103 .*\n/gm, '').replace('102 pwritev', '103 fsync(25</d/blobs/incoming/1>) = 0\n102 pwritev');
  assert.match(missingSteps(parseTrace(early), push).join('\n'), /no sync of \/d\/blobs\/incoming\/1/);
  // The folder before the rename.
  const folderFirst = RECORDED.replace(/^102 fsync.*\n/gm, '').replace('101 rename', '102 fsync(26</d/blobs/sha256/ab>) = 0\n101 rename');
  assert.match(missingSteps(parseTrace(folderFirst), push).join('\n'), /no sync of the folder/);
  // More pages after the sync of the record.
  assert.match(
    changed(
      '100 write(23<TCP:[127.0.0.1:5443->127.0.0.1:40000]>, "..."..., 400)',
      '100 pwrite64(17</d/postern.db-wal>, "..."..., 4096, 5000) = 4096\n100 write(23<TCP:[127.0.0.1:5443->127.0.0.1:40000]>, "..."..., 400)',
    ),
    /no sync of \/d\/postern/,
  );
  // The answer to another connection says nothing.
  assert.deepEqual(missingSteps(parseTrace(RECORDED), { ...push, clientPort: 40001 }), ['nothing was read from the client']);
});
