/**
 * What the pickle of a torch checkpoint may name. Nothing of it is ever called: tensors are rebuilt from the arguments
 * of their calls, all other calls become records that nobody looks at. What training scripts keep beside the weights
 * (counters, dates, paths, arrays, settings in classes of their own) therefore stays unread. Refused by name are calls
 * that run code, wherever they stand, and calls that nobody knows where a weight belongs: they might have made one.
 */
import { XnorkitError } from "../../errors.js";
import type { PickleCall } from "./pickle_values.js";

/** No weights, known from checkpoints. */
const KNOWN: ReadonlySet<string> = new Set([
  "torch._utils._rebuild_tensor",
  "torch._utils._rebuild_tensor_v2",
  "torch._utils._rebuild_tensor_v3",
  "torch._utils._rebuild_parameter",
  "torch._utils._rebuild_parameter_with_state",
  "torch._tensor._rebuild_from_type_v2",
  "torch.Size",
  "torch.device",
  "torch.torch_version.TorchVersion",
  "builtins.set",
  "builtins.frozenset",
  "builtins.bytearray",
  "builtins.complex",
  "builtins.slice",
  "builtins.range",
  "builtins.object",
  "_codecs.encode",
  "argparse.Namespace",
  "types.SimpleNamespace",
  "decimal.Decimal",
  "fractions.Fraction",
  "uuid.UUID",
]);
const KNOWN_MODULES = /^(collections|datetime|pathlib|numpy)\./;

/** Modules of Python whose functions run programs, load code, reach files or the network. */
const RUNS_CODE = new RegExp(
  `^(${[
    "os|posix|nt|subprocess|sys|pty|platform|shutil|socket|ctypes|signal|threading|multiprocessing|asyncio",
    "importlib|imp|runpy|code|codeop|types\\.(Code|Function)Type|marshal|pickle|_pickle|shelve|dill|cloudpickle|joblib",
    "operator|webbrowser|urllib|http|ftplib|smtplib|tempfile|io|pip|timeit|trace|bdb|pdb|cProfile|profile|distutils",
    "builtins\\.(eval|exec|compile|__import__|open|input|breakpoint|globals|locals|vars|setattr|delattr|exit|quit)",
    "torch\\.(load|hub|jit|package|storage\\._load_from_bytes|utils\\.cpp_extension|distributed\\.rpc)",
    "numpy\\.(load|testing|f2py|distutils|ctypeslib)",
  ].join("|")})(\\.|$)`,
);

function verb({ how }: PickleCall): string {
  return how === "call" ? "calls" : "makes an object of";
}

/** The error that names a call which stands where a weight or the whole network belongs. */
export function refuseCall(call: PickleCall): XnorkitError {
  return new XnorkitError(
    "unsupported",
    `the checkpoint ${verb(call)} ${call.name} (${call.place}) where weights belong, and nothing of it was executed:` +
      " if you trust the file, load it in torch and save the state_dict() of its model",
  );
}

/** True where what a class or function makes is a tensor, or known to be no weight. */
export function isKnownCall(name: string): boolean {
  return KNOWN.has(name) || (KNOWN_MODULES.test(name) && !RUNS_CODE.test(name));
}

/** @throws XnorkitError `unsupported` if the call runs code: such a file was made to harm who loads it. */
export function checkHarmless(call: PickleCall): void {
  if (!RUNS_CODE.test(call.name)) return;
  throw new XnorkitError(
    "unsupported",
    `the checkpoint ${verb(call)} ${call.name} (${call.place}), which no checkpoint needs and which can run ` +
      "code where it is loaded:" +
      " nothing of it was executed here, do not load it elsewhere",
  );
}
