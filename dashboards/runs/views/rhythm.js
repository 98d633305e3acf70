// A cron expression by everyday words, and everyday words of one where there are any.

const DAYS = [["MON", "Monday"], ["TUE", "Tuesday"], ["WED", "Wednesday"], ["THU", "Thursday"], ["FRI", "Friday"], ["SAT", "Saturday"], ["SUN", "Sunday"]];
const RHYTHMS = [["daily", "Every day"], ["workdays", "Monday to Friday"], ["weekly", "Every week"], ["monthly", "Every month"], ["own", "Another rhythm (cron)"]];
const AT_SIX = { rhythm: "daily", at: "06:00", weekday: "MON", day: "1", cron: "0 6 * * *" };

function rhythmOf(cron) {
  if (!cron) return { ...AT_SIX };
  const found = /^(\d{1,2}) (\d{1,2}) (\S+) \* (\S+)$/.exec(cron);
  const own = { ...AT_SIX, rhythm: "own", cron };
  if (!found) return own;
  const [, minute, hour, day, weekday] = found;
  const kept = { ...own, at: `${hour.padStart(2, "0")}:${minute.padStart(2, "0")}` };
  if (day === "*" && weekday === "*") return { ...kept, rhythm: "daily" };
  if (day === "*" && /^(MON-FRI|1-5)$/i.test(weekday)) return { ...kept, rhythm: "workdays" };
  if (day === "*" && DAYS.some(([short]) => short === weekday.toUpperCase())) return { ...kept, rhythm: "weekly", weekday: weekday.toUpperCase() };
  if (/^\d{1,2}$/.test(day) && weekday === "*") return { ...kept, rhythm: "monthly", day };
  return own;
}

function cronOf({ rhythm, at, weekday, day, cron }) {
  if (rhythm === "own") return cron;
  const [hour, minute] = (at || "06:00").split(":").map(Number);
  const ends = { daily: "* * *", workdays: "* * MON-FRI", weekly: `* * ${weekday}`, monthly: `${day} * *` };
  return `${minute} ${hour} ${ends[rhythm]}`;
}
