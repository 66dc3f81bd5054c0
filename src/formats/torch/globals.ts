/**
 * What the pickle of a torch checkpoint may name. Nothing of it is ever called: tensors are rebuilt from the arguments of the calls
 * that stand here, the other records are passed over. The list exists so that a pickle which asks Python for more is refused, by
 * the name of what it asks for, rather than read as if it were honest.
 */
import { XnorkitError } from "../../errors.js";
import type { PickleCall } from "./pickle.js";

/** In every checkpoint: tensors, containers, and the plain data that training scripts store beside the weights. */
const ALLOWED: ReadonlySet<string> = new Set([
  "torch._utils._rebuild_tensor",
  "torch._utils._rebuild_tensor_v2",
  "torch._utils._rebuild_tensor_v3",
  "torch._utils._rebuild_parameter",
  "torch._utils._rebuild_parameter_with_state",
  "torch._tensor._rebuild_from_type_v2",
  "torch.Size",
  "torch.device",
  "collections.OrderedDict",
  "collections.defaultdict",
  "builtins.set",
  "builtins.frozenset",
  "builtins.bytearray",
  "builtins.complex",
  "builtins.slice",
  "builtins.range",
  "_codecs.encode",
  "argparse.Namespace",
  "numpy.dtype",
  "numpy.core.multiarray.scalar",
  "numpy._core.multiarray.scalar",
]);

/** In a module that was pickled whole also: what restores its attributes. Instances of any class are let pass there too. */
const ALLOWED_IN_MODULES: ReadonlySet<string> = new Set([
  "copyreg._reconstructor",
  "builtins.getattr",
  "functools.partial",
  "logging.getLogger",
  "torch.nn.backends.thnn._get_thnn_function_backend",
]);

/** The error that names what a pickle asks for. */
export function refuseCall({ name, how, place }: PickleCall): XnorkitError {
  const verb = how === "call" ? "calls" : "makes an object of";
  return new XnorkitError(
    "unsupported",
    `the checkpoint ${verb} ${name} (${place}), which is not among what a checkpoint needs, and nothing of it was executed:` +
      " if you trust the file, load it in torch and save the state_dict() of its model",
  );
}

/** Judges the calls of a pickle one after another. */
export interface CallGuard {
  /** @throws XnorkitError `unsupported` with the name where no checkpoint may have the call. */
  readonly allow: (call: PickleCall) => void;
  /** The first call that only a module pickled whole may have. */
  readonly onlyInModules: () => PickleCall | null;
}

export function callGuard(): CallGuard {
  let first: PickleCall | null = null;
  return {
    allow: (call) => {
      if (ALLOWED.has(call.name)) return;
      if (call.how === "call" && !ALLOWED_IN_MODULES.has(call.name)) throw refuseCall(call);
      first ??= call;
    },
    onlyInModules: () => first,
  };
}
