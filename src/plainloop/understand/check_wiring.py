"""How layers are put together: lists that repeat a layer, layers frozen in name alone, directions and scores thrown away.

Part of the pre-flight, see check.py.
"""

from __future__ import annotations

from torch import Tensor, nn

from ..problems import nearest
from .check_lines import attribute_line
from .check_problems_wiring import DirectionUnused, FrozenByName, LayerRepeated, ScoresDropped, WeightsOverQueries
from .check_trace import Call
from .check_trial import Trial

PRODUCTS = ("matmul", "__matmul__", "bmm")


def wired(trial: Trial) -> None:
    """Adds findings that layers and the record of the first forward tell."""
    for module in trial.core.modules():
        if "requires_grad" in vars(module):
            frozen(trial, module)
        if isinstance(module, (nn.Sequential, nn.ModuleList)):
            repeated(trial, module)
    misspelled(trial)
    if isinstance(trial.scores, Tensor):
        dropped(trial, trial.tape.maker(trial.scores))
    for call in trial.tape.calls:
        if call.name in PRODUCTS and over_queries(trial, call):
            return


def frozen(trial: Trial, module: nn.Module) -> None:
    path = trial.path(module).removeprefix("model.")
    where = attribute_line(type(trial.core), "requires_grad")
    if not where and (line := trial.script.attribute_set(("requires_grad",))) is not None:
        where = (line,)
    fix = f"{trial.path(module)}.requires_grad_({vars(module)['requires_grad']})"
    if where and where[0].code.startswith("self."):
        fix = f"{where[0].code.partition('.requires_grad')[0]}.requires_grad_({vars(module)['requires_grad']})"
    text = f"{path}.requires_grad = {vars(module)['requires_grad']} changes nothing"
    trial.add(FrozenByName(text, "The method, which sets it for each parameter.", fix, where=where))


def misspelled(trial: Trial) -> None:
    """Parameters with an attribute that is nearly requires_grad: p.require_grad = False."""
    for name, parameter in trial.given.named_parameters():
        near = [word for word in getattr(parameter, "__dict__", {}) if nearest(word, ["requires_grad"])]
        if near:
            line = trial.script.attribute_set(tuple(near)) if not trial.inside else None
            code = line.code if line is not None else f"p.{near[0]} = False"
            text = f"{name}.{near[0]} = {getattr(parameter, near[0])} changes nothing: the attribute is called requires_grad"
            fix, where = code.replace(near[0], "requires_grad"), (line,) if line is not None else ()
            trial.add(
                FrozenByName(text, "p.requires_grad = False.", fix, "A tensor takes any attribute, and goes on learning.", where)
            )
            return


def repeated(trial: Trial, module: nn.Module) -> None:
    items = [item for item in module._modules.values() if item is not None and any(True for _ in item.parameters())]
    again = next((item for item in items if sum(other is item for other in items) > 1), None)
    if again is None:
        return
    count, kind, line = sum(other is again for other in items), type(again).__name__, trial.made(module)
    holder = trial.names.get(id(module), "") or type(module).__name__
    made = f"nn.{kind}({again.extra_repr().replace('in_features=', '').replace('out_features=', '').replace(', bias=True', '')})"
    text, expected = f"{holder} holds one {kind} {count} times, with one set of weights", "A layer for each place."
    fix = f"nn.{type(module).__name__}([{made} for _ in range({count})])"
    if isinstance(module, nn.Sequential):
        fix = f"nn.Sequential(*[{made} for _ in range({count})])"
    trial.add(LayerRepeated(text, expected, fix, where=(line,) if line else ()))


def dropped(trial: Trial, call: Call | None) -> None:
    if call is None or "dropout" not in call.name or not trial.core.training:
        return
    layer = trial.layer(call.layer) if isinstance(call.layer, nn.modules.dropout._DropoutNd) else "Dropout"
    where = trial.where(call, trial.made(call.layer))
    fix = "nn.Sequential(nn.Dropout(0.5), nn.Linear(16, 3))  # dropout first, then the last layer"
    trial.add(
        ScoresDropped(f"{layer} is the last step, after the last layer", "Dropout before the last layer.", fix, where=where)
    )


def over_queries(trial: Trial, call: Call) -> bool:
    """Whether the weights of a product are a softmax along an axis that is not their last."""
    weights = call.tensors[0] if call.tensors else None
    chain = trial.tape.history(weights, most=4) if weights is not None and weights.dim() >= 3 else []
    maker = next((made for made in chain if "dropout" not in made.name), None)  # dropout may work in place
    if maker is None or maker.name != "softmax" or weights is None:
        return False
    axis = maker.kwargs.get("dim", maker.args[1] if len(maker.args) > 1 else None)
    if not isinstance(axis, int) or axis % weights.dim() == weights.dim() - 1 or axis % weights.dim() == 0:
        return False  # along the rows: another part of the check says it
    code = maker.line.code if maker.line is not None else ""
    fix = code.replace(f"dim={axis}", "dim=-1")
    text = f"softmax goes along axis {axis} of weights that are used along their last axis"
    fix = fix if fix != code else "weights = torch.softmax(scores, dim=-1)"
    trial.add(WeightsOverQueries(text, "Weights that add up to 1 for each query.", fix, where=trial.where(maker, call.line)))
    return True


def directions(trial: Trial) -> None:
    """Recurrent layers of two directions one of which has no effect, by the gradients of the batch."""
    for module in trial.core.modules():
        if not isinstance(module, nn.RNNBase) or not module.bidirectional:
            continue
        last = module.num_layers - 1
        found = [getattr(module, f"weight_hh_l{last}{end}").grad for end in ("", "_reverse")]
        idle = [gradient is not None and not gradient.any() for gradient in found]
        if sum(idle) == 1 and not any(gradient is None for gradient in found):
            which, kind = ("forward", "backward")[idle.index(True)], trial.layer(module)
            trial.add(
                DirectionUnused(
                    f"The {which} direction of {kind} has no effect on the scores",
                    "The last states of both directions.",
                    f"h = torch.cat([h[-2], h[-1]], dim=1)  # {2 * module.hidden_size} numbers for the next layer",
                    where=tuple(line for line in (trial.made(module),) if line),
                )
            )
