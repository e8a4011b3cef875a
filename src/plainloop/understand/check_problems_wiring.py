"""Findings of the pre-flight about how parts are put together: what is seen, what is shared, what is frozen, what is left out."""

from __future__ import annotations

from ..problems import Notice, PlainloopError
from .check_finding import Finding
from .check_lines import Line


class AnswerSeen(Finding, PlainloopError):
    """A model of the next token that sees the token it is to say.

    What it does: changes the later tokens of rows whose labels are their own next tokens; the earlier scores must not change.
    Why: the loss falls to nothing in training, and the model cannot write a word, because then there is nothing to look up.
    Example: an encoder without a causal mask, or labels that were not shifted by one.
    Fix: the mask, or the shift.
    """

    usual_why = "The loss falls to nothing, and the model cannot write: what it looked up is not there yet."

    @classmethod
    def example(cls) -> AnswerSeen:
        return cls(
            "The scores of a token depend on the tokens after it, which are the labels",
            "A causal mask.",
            "mask = nn.Transformer.generate_square_subsequent_mask(x.size(1), device=x.device)",
            where=(Line("lm.py", 14, "return self.out(self.encoder(x))"),),
        )


class FrozenByName(Finding, Notice):
    """`requires_grad` was set on a layer, where it is no more than an attribute.

    What it does: looks for layers with an attribute `requires_grad`.
    Why: it belongs to parameters; a layer takes any attribute and goes on learning.
    Example: `model.body.requires_grad = False`
    Fix: the method with the underscore.
    """

    usual_why = "It belongs to parameters; a layer takes any attribute, and goes on learning."

    @classmethod
    def example(cls) -> FrozenByName:
        return cls(
            "body.requires_grad = False freezes nothing",
            "The method, which sets it for each parameter.",
            "self.body.requires_grad_(False)",
        )


class LayerRepeated(Finding, Notice):
    """One layer stands several times in a list of layers.

    What it does: looks for a layer with weights that is in the same list more than once.
    Why: a list times four holds the same object four times, and so the same weights.
    Example: `nn.ModuleList([nn.Linear(32, 32)] * 4)`
    Fix: a new layer for each place.
    """

    usual_why = "[layer] * 4 holds one object four times: the places share their weights."

    @classmethod
    def example(cls) -> LayerRepeated:
        return cls(
            "layers holds one Linear 4 times", "A layer for each place.", "nn.ModuleList([nn.Linear(32, 32) for _ in range(4)])"
        )


class DirectionUnused(Finding, Notice):
    """Of a recurrent layer that reads both ways one direction has no effect.

    What it does: looks for a direction of the last layer whose weights get a gradient of 0.
    Why: `h[-1]` is the state of the backward direction alone; half of what is computed is thrown away.
    Example: `_, h = self.gru(x); return self.fc(h[-1])` with bidirectional=True
    Fix: both states, side by side.
    """

    usual_why = "h[-1] is the state of one direction alone; half of what is computed is thrown away."

    @classmethod
    def example(cls) -> DirectionUnused:
        return cls(
            "The forward direction of GRU gru has no effect on the scores",
            "The last states of both directions.",
            "h = torch.cat([h[-2], h[-1]], dim=1)",
        )


class ScoresDropped(Finding, Notice):
    """Dropout after the last layer.

    What it does: looks whether dropout gives the scores.
    Why: in training some of the scores are set to 0 whatever the model says, so that the loss cannot fall.
    Example: `nn.Sequential(..., nn.Linear(16, 3), nn.Dropout(0.5))`
    Fix: dropout before the last layer.
    """

    usual_why = "In training some scores are 0 whatever the model says, and the loss cannot fall."

    @classmethod
    def example(cls) -> ScoresDropped:
        return cls(
            "Dropout 3 is the last step, after the last layer",
            "Dropout before the last layer.",
            "nn.Sequential(nn.Dropout(0.5), nn.Linear(16, 3))",
        )


class WeightsOverQueries(Finding, Notice):
    """Weights of an attention that do not add up to 1 along the axis they are used along.

    What it does: follows the result of a softmax into a product, and looks along which axis it adds up to 1.
    Why: `weights @ values` adds up along the last axis; a softmax along another one weighs the queries.
    Example: `torch.softmax(q @ k.transpose(1, 2), dim=1) @ v`
    Fix: dim=-1.
    """

    usual_why = "weights @ values adds up along the last axis of the weights."

    @classmethod
    def example(cls) -> WeightsOverQueries:
        return cls(
            "softmax goes over axis 1 of weights that are used along the last axis",
            "Weights that add up to 1 for each query.",
            "weights = torch.softmax(scores, dim=-1)",
        )


class LabelsLeftOut(Finding, Notice):
    """The loss leaves out a class that rows have.

    What it does: looks whether `ignore_index` is a class of labels that are one per row.
    Why: rows of that class teach nothing, and it is never said.
    Example: `nn.CrossEntropyLoss(ignore_index=0)` where 0 is a class
    Fix: a loss without ignore_index.
    """

    usual_why = "Rows of that class teach nothing, and the model never says it."

    @classmethod
    def example(cls) -> LabelsLeftOut:
        return cls(
            "The loss leaves out class 0, which 34% of the labels are",
            "A loss for all classes.",
            "loss = nn.CrossEntropyLoss()",
        )


class AxesRegrouped(Finding, Notice):
    """A view where axes were to be swapped.

    What it does: looks for views whose result has the axes of what came in, in another order or split in front of another axis.
    Why: a view only regroups numbers; the steps, heads or channels of a row get mixed, and training goes on with the mix.
    Example: `q.view(n, heads, t, d)` of a tensor (n, t, heads * d)
    Fix: the view in the order of the numbers, and then a transpose.
    """

    usual_why = "A view only regroups numbers: it swaps no axes, and mixes what belongs apart."

    @classmethod
    def example(cls) -> AxesRegrouped:
        return cls(
            "view regroups (rows, 10, 32) to (rows, 4, 10, 8): numbers of one place of a row land in another",
            "Axes that are swapped by transpose or permute.",
            "q = q.view(n, t, self.heads, d).transpose(1, 2)",
            where=(Line("net.py", 12, "q = q.view(n, self.heads, t, d)"),),
        )


class LabelAmongInputs(Finding, Notice):
    """A column of the inputs is the label.

    What it does: compares each column of the inputs with the labels, number by number.
    Why: the model reads the answer off; it is perfect in the test and useless afterwards, when the answer is not there.
    Example: `X = torch.tensor(df.values)` with the target still in `df`
    Fix: the columns without that one.
    """

    usual_why = "The model reads the answer off: perfect in the test, and useless where the answer is not known."

    @classmethod
    def example(cls) -> LabelAmongInputs:
        return cls(
            "Column 3 of the inputs is the label, in all 100 rows",
            "Inputs without the answer.",
            "X = X[:, :3]",
        )


class LossTurnedRound(Finding, Notice):
    """Training makes the loss larger.

    What it does: looks for a loss that is another one with a minus before it, and for an optimizer with `maximize=True`.
    Why: what is called the loss falls, and the model gets worse with every step.
    Example: `loss = -F.cross_entropy(scores, labels)`
    Fix: the loss without its minus.
    """

    usual_why = "The number falls, and the model gets worse with every step."

    @classmethod
    def example(cls) -> LossTurnedRound:
        return cls(
            "The loss is cross_entropy with a minus before it",
            "The loss itself, to be made small.",
            "loss = F.cross_entropy(scores, labels)",
        )


class ChanceInEvaluation(Finding, Notice):
    """The model draws random numbers in evaluation mode, too.

    What it does: runs a batch twice in evaluation mode, with other random numbers, and looks where the runs begin to differ.
    Why: a prediction that is asked for twice comes out twice; the validation score is partly chance.
    Example: `x = x + 0.1 * torch.randn_like(x)` in forward
    Fix: noise in training mode only.
    """

    usual_why = "A prediction that is asked for twice would come out otherwise, and the validation score is partly chance."

    @classmethod
    def example(cls) -> ChanceInEvaluation:
        return cls(
            "In evaluation mode randn_like draws random numbers, and the scores change from run to run",
            "The same scores for the same rows.",
            "x = x + 0.1 * torch.randn_like(x) if self.training else x",
            where=(Line("net.py", 12, "x = x + 0.1 * torch.randn_like(x)"),),
        )


class NothingBetween(Finding, Notice):
    """Two linear layers with nothing between them.

    What it does: looks for a linear layer whose result goes straight into another one, and nowhere else, without being narrowed.
    Why: two linear layers in a row are one linear layer: the second adds weights and no shape that could be learned.
    Example: `return self.b(self.a(x))`
    Fix: an activation between them.
    """

    usual_why = "Without an activation between them two linear layers are one: deeper, and no better."

    @classmethod
    def example(cls) -> NothingBetween:
        return cls(
            "Linear a goes straight into Linear b: there is no activation between them",
            "An activation, such as ReLU.",
            "return self.b(torch.relu(self.a(x)))",
            where=(Line("net.py", 13, "return self.b(self.a(x))"),),
        )


class LabelsUnused(Finding, Notice):
    """The loss does not depend on the labels.

    What it does: gives the loss the labels of other rows, and others still; it must change.
    Why: the loss falls, and nothing of what is asked for is learned.
    Example: `F.mse_loss(scores, scores.detach())`
    Fix: the labels.
    """

    usual_why = "The loss falls, and nothing of what is asked for is learned."

    @classmethod
    def example(cls) -> LabelsUnused:
        return cls(
            "The loss does not depend on the labels: with those of other rows it is the same",
            "A loss that compares scores and labels.",
            "loss = F.mse_loss(scores, labels)",
        )
