// A rule in AssemblyScript, as an Extism plug-in. Build: npm ci && npm run build
import { Config, Host } from "@extism/as-pdk";

function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  unreachable();
}

export function rule(): i32 {
  const document = Host.inputString();
  let plan = Config.get("DEFAULT_PLAN"); // configuration.DEFAULT_PLAN
  if (plan == null) plan = "free";
  if (document.includes('"plan":"gold"')) plan = "gold";
  Host.outputString('{"commands":[["idToken.setCustomClaim","https://acme.example/plan","' + plan + '"]]}');
  return 0;
}
