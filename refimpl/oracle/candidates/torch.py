"""PyTorch optimizers, driven through an operation that feeds gradients and looks at the parameters."""

import traceback
import warnings

import numpy as np

from refimpl.oracle.candidates.base import Candidate, CandidateError, arguments_for, named_outputs, words_for
from refimpl.oracle.candidates.python import package_version


class TorchOptimizer(Candidate):
    """An optimizer class with the interface of `torch.optim.Optimizer`.

    Parameters
    ----------
    cls : type
        Called as ``cls([parameter], **settings)``; then for each gradient ``step()``. All gradients are written into
        one tensor, so that an optimizer that keeps it and not a copy is found out.
    settings : dict, optional
        Constructor arguments beside those that the operation's inputs give, or instead of them.
    name : str, optional
        How reports call it.
    repro : tuple of str, optional
        The command-line words that name it.

    Notes
    -----
    A setting that the constructor does not take is left out where the input is 0 and makes the case not applicable
    where it is not.
    """

    language = "Python (PyTorch)"
    lacks = "a PyTorch optimizer serves operations that feed it gradients, such as trajectory"

    def __init__(self, cls, *, settings=None, name=None, repro=None):
        self._cls, self._settings = cls, dict(settings or {})
        self.name = name or f"{cls.__module__.partition('.')[0]}.{cls.__name__}"
        self.version = package_version(cls.__module__)
        self.repro = repro or words_for("--torch", cls, self._settings)

    def offers(self, operation):
        """See `Candidate`."""
        return operation.drive is not None

    def run(self, operation, inputs):
        """See `Candidate`."""
        import torch

        drive = operation.drive
        arguments = arguments_for(self._cls, drive.settings, inputs, self._settings, self.name)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                parameter = torch.nn.Parameter(torch.asarray(inputs[drive.params].copy()))
                optimizer = self._cls([parameter], **arguments)
                buffer, thetas = torch.empty_like(parameter.detach()), []
                for grad in inputs[drive.grads]:
                    parameter.grad = buffer.copy_(torch.asarray(grad))
                    optimizer.step()
                    thetas.append(parameter.detach().numpy().copy())
                return named_outputs(operation, np.stack(thetas))
        except CandidateError:
            raise
        except (Exception, SystemExit) as error:
            raise CandidateError(f"{type(error).__name__}: {error}", traceback=traceback.format_exc()) from error
