// One process for many mails: HTML documents come in as JSON strings, one a line; what html-validate and caniemail
// say of each goes out, one line each.
import { createInterface } from "node:readline";
import { caniemail } from "caniemail";
import { HtmlValidate, StaticConfigLoader } from "html-validate";

const CLIENTS = ["gmail.*", "outlook.*", "apple-mail.*", "yahoo.*"];

const validator = new HtmlValidate(
  new StaticConfigLoader({
    extends: ["html-validate:recommended"],
    rules: {
      "no-deprecated-attr": "off", // Outlook on Windows reads no style sheet for the width of a table
      "no-conditional-comment": "off", // they are for Outlook on Windows
      "prefer-native-element": ["error", { exclude: ["article"] }], // mail clients drop the element, and not the role
      "no-inline-style": "off", // Gmail drops a style sheet that it does not like
      "long-title": "off", // it is the subject
    },
  }),
);

async function validate(html) {
  const report = await validator.validateString(html);
  return report.results.flatMap((result) =>
    result.messages.map(({ ruleId, message, line }) => `${ruleId}: ${message} (line ${line})`),
  );
}

function findUnsupported(html) {
  const { issues } = caniemail({ clients: CLIENTS, html });
  return [...issues.errors, ...issues.warnings].flatMap(([client, found]) =>
    found.map(({ title }) => `${client}: ${title}`),
  );
}

for await (const line of createInterface({ input: process.stdin })) {
  const html = JSON.parse(line);
  const answer = { invalid: await validate(html), unsupported: [...new Set(findUnsupported(html))] };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
