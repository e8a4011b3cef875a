"""Findings of the pre-flight about training: loss, gradients, optimizer, the first steps."""

from __future__ import annotations

from ..problems import Notice, PlainloopError
from .check_finding import Finding
from .check_lines import Line


class NothingLearns(Finding, PlainloopError):
    """No parameter of the model can learn.

    What it does: refuses a model without parameters, or with all of them frozen.
    Why: training would run and change nothing.
    Example: a loop that sets requires_grad = False after the new head was put in.
    Fix: layers as attributes of the module; requires_grad_(True) for what is to learn.
    """

    usual_why = "Training would run and change nothing."

    @classmethod
    def example(cls) -> NothingLearns:
        return cls("All 4 parameters are frozen", "At least one parameter that learns.", "model.fc.requires_grad_(True)")


class UnregisteredLayers(Finding, PlainloopError):
    """A layer is used that the model does not know of.

    What it does: follows the loss back to every weight and looks whether it is among model.parameters().
    Why: the optimizer does not get these weights, .to(device) does not move them, and they are not saved.
    Example: `self.layers = [nn.Linear(8, 8), nn.Linear(8, 8)]`
    Fix: nn.ModuleList, nn.ModuleDict, nn.Parameter; layers made in `__init__`, not in forward.
    """

    usual_why = "model.parameters() does not list them: they are not trained, not moved to a device and not saved."

    @classmethod
    def example(cls) -> UnregisteredLayers:
        return cls(
            "4 weights are used that the model does not know of: they are in the list layers",
            "Layers that are registered.",
            "self.layers = nn.ModuleList(self.layers)",
            where=(Line("net.py", 8, "self.layers = [nn.Linear(8, 8), nn.Linear(8, 8)]"),),
        )


class LossAgainstActivation(Finding, PlainloopError):
    """The loss expects other scores than the last activation gives.

    What it does: compares the last operation of the model with what the loss does itself.
    Why: softmax or sigmoid twice flattens the gradients, a log that is missing turns the loss upside down; both train badly in
    silence.
    Example: `nn.Softmax` as the last layer, with nn.CrossEntropyLoss.
    Fix: the layer left out, or the loss that fits.
    """

    usual_why = "Applied twice it flattens the gradients: training runs, slowly and to a worse end."

    @classmethod
    def example(cls) -> LossAgainstActivation:
        return cls(
            "The model ends in softmax and cross_entropy applies log-softmax itself",
            "Raw scores, without softmax.",
            "return self.fc(x)  # without softmax",
            where=(Line("net.py", 12, "return self.fc(x).softmax(1)"),),
        )


class OutputsCannotReach(Finding, PlainloopError):
    """The last activation cannot give the values that are to be learned.

    What it does: compares the range of the last activation with the range of the targets.
    Why: what lies beyond the range cannot be predicted, and the gradients vanish at its edge.
    Example: a sigmoid at the end, for prices.
    Fix: the activation left out.
    """

    usual_why = "What lies beyond the range of the activation cannot be predicted."

    @classmethod
    def example(cls) -> OutputsCannotReach:
        return cls(
            "The model ends in sigmoid, from 0 to 1, and the targets go from 12 to 340",
            "Outputs of any size.",
            "return self.fc(x)",
        )


class LossFails(Finding, PlainloopError):
    """The loss cannot be computed, or is not one number.

    What it does: computes the loss of one batch and says what it got.
    Why: backward starts from one number that depends on the weights.
    Example: `nn.CrossEntropyLoss(weight=torch.ones(4))` with 3 classes; reduction="none".
    Fix: the corrected call.
    """

    usual_why = "backward starts from one number that depends on the weights."

    @classmethod
    def example(cls) -> LossFails:
        return cls("The loss is a tensor of shape (rows,)", "One number.", "loss = loss.mean()")


class GraphCut(Finding, PlainloopError):
    """No gradient flows back from the loss to the weights, or to a part of them.

    What it does: names the operation that cuts the way back: detach, .data, item, numpy, argmax, no_grad.
    Why: what stands before the cut does not learn.
    Example: `x = self.conv(x).detach()`
    Fix: the line without it.
    """

    usual_why = "What stands before the cut does not learn."

    @classmethod
    def example(cls) -> GraphCut:
        return cls(
            "detach cuts the gradient off: 2 of 4 parameters get none (conv.weight, conv.bias)",
            "A gradient for every parameter.",
            "x = self.conv(x)",
            where=(Line("net.py", 12, "x = self.conv(x).detach()"),),
        )


class InPlaceChange(Finding, PlainloopError):
    """A value that backward needs was overwritten.

    What it does: runs backward once, and names the operation that changes a tensor in place.
    Why: backward computes with the values of forward; torch stops where one is gone.
    Example: `x = torch.sigmoid(x); x += 1`
    Fix: the same without "in place".
    """

    usual_why = "backward computes with the values of forward; one of them is gone."

    @classmethod
    def example(cls) -> InPlaceChange:
        return cls(
            "add_ overwrites a value that backward needs", "A new tensor.", "x = x + 1", where=(Line("net.py", 12, "x += 1"),)
        )


class GraphKept(Finding, PlainloopError):
    """The second step needs the graph of the first.

    What it does: trains two steps.
    Why: something computed from weights or kept from the last batch lives on; its graph is freed after the first backward.
    Example: a hidden state kept in self.hidden from batch to batch.
    Fix: detach what is kept, or compute it in forward.
    """

    usual_why = "Something is kept from one batch to the next, and its graph is freed after the first backward."

    @classmethod
    def example(cls) -> GraphKept:
        return cls(
            "The second step fails: it goes back through the graph of the first",
            "Steps that stand for themselves.",
            "self.hidden = self.hidden.detach()  # after each batch",
        )


class NotInOptimizer(Finding, PlainloopError):
    """The optimizer holds other parameters than the model has.

    What it does: compares the parameters of the optimizer with those of the model.
    Why: the optimizer would go on changing tensors that nobody uses any more.
    Example: `model.fc = nn.Linear(64, 3)` after the optimizer was made.
    Fix: the optimizer made after the model is complete.
    """

    usual_why = "The optimizer would change tensors that the model does not use."

    @classmethod
    def example(cls) -> NotInOptimizer:
        return cls(
            "The optimizer holds 2 tensors that are not in the model, and lacks fc.weight, fc.bias",
            "The optimizer made after the model is complete.",
            "optimizer = torch.optim.Adam(model.parameters(), lr=0.001)",
        )


class PartOutsideOptimizer(Finding, Notice):
    """A part of the model learns nothing, because the optimizer does not hold it.

    What it does: names the parameters that want a gradient and are not in the optimizer.
    Why: they keep their first values. Where that is meant, requires_grad_(False) says so and saves time.
    Example: `torch.optim.Adam(model.head.parameters())`
    Fix: all parameters in the optimizer, or the part frozen.
    """

    usual_why = "They keep their first values. Where that is meant, requires_grad_(False) says so, and saves time."

    @classmethod
    def example(cls) -> PartOutsideOptimizer:
        return cls(
            "The optimizer holds 2 of 4 parameters; it lacks body.weight, body.bias",
            "All parameters that learn.",
            "optimizer = torch.optim.Adam(model.parameters(), lr=0.001)",
        )


class LayerUnused(Finding, Notice):
    """A layer has weights and takes no part.

    What it does: names the parameters that no operation of forward uses.
    Why: either forward forgot it, or it can go.
    Example: `self.fc2` made in `__init__`, never called.
    Fix: call it in forward, or leave it out.
    """

    usual_why = "Either forward forgot it, or it can go."

    @classmethod
    def example(cls) -> LayerUnused:
        return cls(
            "Linear fc2 is never used in forward",
            "Layers that take part.",
            "x = self.fc2(x)",
            where=(Line("net.py", 9, "self.fc2 = nn.Linear(8, 8)"),),
        )


class NoGradientHere(Finding, Notice):
    """A part of the model runs without gradients.

    What it does: names the parameters that want a gradient and run under torch.no_grad().
    Why: they do not learn. Where that is meant, requires_grad_(False) says so.
    Example: a body that runs under torch.no_grad(), its parameters not frozen.
    Fix: the block left out, or the part frozen.
    """

    usual_why = "They do not learn. Where that is meant, requires_grad_(False) says so."

    @classmethod
    def example(cls) -> NoGradientHere:
        return cls(
            "2 of 4 parameters run under torch.no_grad() and get no gradient: body.weight, body.bias",
            "A gradient for every parameter that is not frozen.",
            "model.body.requires_grad_(False)  # or leave out torch.no_grad()",
        )


class LossFarFromChance(Finding, Notice):
    """The first loss is far from what guessing gives.

    What it does: compares the loss of the untrained model with log(classes), or with that of a constant.
    Why: a new network should know nothing and be unsure; far above chance it is sure and wrong, and must unlearn that first.
    Example: weights drawn with a deviation of 1.
    Fix: the usual first weights, scaled inputs.
    """

    usual_why = "A new network should be unsure; far above chance it is sure and wrong, and must unlearn that first."

    @classmethod
    def example(cls) -> LossFarFromChance:
        return cls(
            "The first loss is 41; guessing among 3 classes gives 1.1",
            "A loss near 1.1.",
            "nn.init.xavier_uniform_(layer.weight)",
        )


class GradientsVanish(Finding, Notice):
    """Hardly any gradient reaches the first layers.

    What it does: compares the gradients of the layers with each other after the first backward.
    Why: layers without a gradient keep their first weights.
    Example: ten layers with a sigmoid each.
    Fix: ReLU, batch normalisation, skip connections.
    """

    usual_why = "Layers without a gradient keep their first weights."

    @classmethod
    def example(cls) -> GradientsVanish:
        return cls(
            "The gradient of Linear 0 is 1e-09 of that of Linear 18",
            "Gradients of like size.",
            "nn.ReLU()  # in place of nn.Sigmoid()",
        )


class GradientsExplode(Finding, Notice):
    """The first gradients are larger than a step can use.

    What it does: looks at the size of the gradient beside that of the weights.
    Why: the first step would throw the weights far away.
    Example: weights drawn with a deviation of 10, or a sum in place of a mean as the loss.
    Fix: the usual first weights, scaled inputs, clipping.
    """

    usual_why = "The first step would throw the weights far away."

    @classmethod
    def example(cls) -> GradientsExplode:
        return cls(
            "The first gradient is 3e+06 times as long as the weights",
            "A gradient of the size of the weights, or below.",
            "nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # before optimizer.step()",
        )


class LearningRateOutOfScale(Finding, Notice):
    """The learning rate makes steps that are far too large or too small.

    What it does: takes a few steps on one batch, on a copy, and looks what becomes of the loss and of the weights.
    Why: the loss must fall on the very batch that is learned; weights that do not move learn nothing.
    Example: Adam with lr=1
    Fix: the rate that is named.
    """

    usual_why = "On the very batch that is learned the loss must fall, and weights that do not move learn nothing."

    @classmethod
    def example(cls) -> LearningRateOutOfScale:
        return cls(
            "With a learning rate of 1 the loss of one batch goes from 1.1 to 240 in 5 steps",
            "A loss that falls on the batch it learns from.",
            "optimizer = torch.optim.Adam(model.parameters(), lr=0.001)",
        )


class WeightsAlike(Finding, Notice):
    """All units of a layer begin with the same weights.

    What it does: looks for layers whose rows of weights are all equal.
    Why: equal units get equal gradients and stay equal for ever: the layer is as wide as one unit.
    Example: `nn.init.zeros_(layer.weight)`
    Fix: first weights that differ.
    """

    usual_why = "Equal units get equal gradients and stay equal: the layer is as wide as one unit."

    @classmethod
    def example(cls) -> WeightsAlike:
        return cls(
            "All 64 units of Linear fc1 begin with the same weights",
            "Units that differ.",
            "nn.init.xavier_uniform_(model.fc1.weight)",
        )


class ScoresCutOff(Finding, Notice):
    """The last activation cuts scores off before a loss that takes any number.

    What it does: looks for a ReLU or tanh between the last layer and the loss.
    Why: training runs, but a score that is cut off gets no gradient, and probabilities near 0 and 1 are out of reach.
    Example: a ReLU after the last layer, with nn.CrossEntropyLoss.
    Fix: the activation left out.
    """

    usual_why = "What is cut off gets no gradient, and probabilities near 0 and 1 are out of reach."

    @classmethod
    def example(cls) -> ScoresCutOff:
        return cls(
            "The model ends in relu, before cross_entropy",
            "Raw scores, of any size and sign.",
            "return self.fc(x)",
            where=(Line("net.py", 12, "return torch.relu(self.fc(x))"),),
        )
