"""Where in a picture a net looked for its answer.

Grad-CAM (Selvaraju et al. 2017, arXiv 1610.02391): the last feature map that still has height and width, weighed by how much
it raises the answer; at each place by its own slope rather than by the channel's mean one (HiResCAM, Draelos and Carin 2020,
arXiv 2011.08891), which is the same under an average pool and, under a linear layer on all places, the only one that is not
often blank. Hooks find the map, so that it works for every model. A model whose only such map stands near its input, as a
transformer's patches do, shows the size of the gradient at each pixel (Simonyan et al. 2013, arXiv 1312.6034).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CAM, GRADIENT = "Grad-CAM of the last feature map", "gradient of the answer at each pixel"


def saliency(model: nn.Module, task: Any, inputs: dict[str, Tensor]) -> tuple[Tensor, str] | None:
    """What raised the answer that the model gives, and how it was measured; None where the model has no gradient.

    Shape: inputs as the model takes them, B rows -> float32 (B, H, W), from 0 to 1 in each picture, on the CPU.
    """
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    every = torch.arange(len(inputs["image"]))
    near = {kind: values.index_select(0, every).to(device) for kind, values in inputs.items()}  # texts become padded rows
    images = near["image"].float().requires_grad_()  # not uint8: a frozen backbone has a gradient only if its input does
    seen: list[Tensor] = []

    def keep(module: nn.Module, args: Any, output: Any) -> None:
        if isinstance(output, Tensor) and output.requires_grad:
            seen.append(output)

    hooks = [module.register_forward_hook(keep) for module in list(model.modules())[1:]]
    try:
        with torch.enable_grad():
            answer = _answer(task, task.predict(model, {**near, "image": images}))
    finally:
        for hook in hooks:
            hook.remove()
    if not answer.requires_grad:
        return None
    places = [i for i, one in enumerate(seen) if one.dim() == 4 and len(one) == len(images) and min(one.shape[2:]) > 1]
    if places and places[-1] >= len(seen) // 2:
        features = seen[places[-1]]
        (slope,) = torch.autograd.grad(answer, features)
        heat, method = F.relu((slope * features).sum(1)), CAM  # (B, h, w)
    else:
        (slope,) = torch.autograd.grad(answer, images)
        near_by = max(1, min(images.shape[2:]) // 16)
        heat, method = F.avg_pool2d(slope.abs().sum(1), near_by), GRADIENT
    size = (int(images.shape[2]), int(images.shape[3]))
    heat = F.interpolate(heat.detach().float().cpu()[:, None], size, mode="bilinear")[:, 0]
    heat = heat - heat.amin((1, 2), keepdim=True)
    return heat / heat.amax((1, 2), keepdim=True).clamp_min(1e-12), method


def _answer(task: Any, scores: Tensor) -> Tensor:
    """The sum over all rows of the raw scores that speak for the answer given: that of the predicted class, a number itself."""
    scores = scores.float()
    scores = scores if scores.dim() == 2 else scores.mean(1)  # (B, K, out): the mean of K nets
    kind = type(task).__name__
    if kind == "Multiclass":
        return scores.amax(1).sum()
    if kind == "Regression":
        return scores.sum()
    return (scores * scores.detach().sign()).sum()  # each label's yes or no
