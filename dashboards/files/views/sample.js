// What of a file is sent to be looked at: the first lines of a text are enough, all else goes whole.

const SAMPLE = 2 * 1024 * 1024;
const PACKED = ["PK", "PAR1", "\x1f\x8b"];
const LEAD = /^\ufeff?"?line"?[,;\t]"?column"?[,;\t]"?reason"?[,;\t]/i;

async function sampleOf(file) {
  if (file.size <= SAMPLE) return file;
  const bytes = new Uint8Array(await file.slice(0, SAMPLE).arrayBuffer());
  const start = String.fromCharCode(...bytes.subarray(0, 4));
  const isText = !bytes.subarray(0, 4096).includes(0) && !PACKED.some((s) => start.startsWith(s));
  const end = bytes.lastIndexOf(10) + 1;
  return isText && end ? new Blob([bytes.subarray(0, end)]) : file;
}

// Whether these are refused rows that somebody has corrected.
async function isCorrected(file) {
  return LEAD.test(await file.slice(0, 200).text());
}
