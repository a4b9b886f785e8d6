/** Whether a minute is one that five cron fields name, in a time zone. */
export function isDue(recurrence: string, atMs: number, timeZone = "UTC"): boolean {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    minute: "numeric",
    hour: "numeric",
    day: "numeric",
    month: "numeric",
    weekday: "short",
  }).formatToParts(atMs);
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? "";
  const weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"].indexOf(part("weekday"));
  const values = [...["minute", "hour", "day", "month"].map((type) => Number(part(type))), weekday];
  const fields = recurrence.trim().split(/\s+/);
  return fields.length === 5 && fields.every((field, index) => isNamed(field, values[index] ?? 0));
}

/** One cron field: `*`, `5`, `1-5`, `0-59/15`, or several with commas. */
function isNamed(field: string, value: number): boolean {
  return field.split(",").some((item) => {
    const [range = "", step = "1"] = item.split("/");
    const [first = "", last = first] = range.split("-");
    const [from, to] = range === "*" ? [0, 59] : [Number(first), Number(last)];
    return value >= from && value <= to && (value - from) % Number(step) === 0;
  });
}
