"""E[(|grad D| - 1)^2] and its derivative in a weight by PyTorch's double backward, for crates/gan's
regulariser/gradient_penalty.rs: D(x) = tanh(a w1.x) + tanh(a w2.x).

    python tests/oracles/gradient_penalty.py
"""

import torch

x = torch.tensor([[0.3, -0.2], [-0.5, 0.4], [0.1, 0.7]], dtype=torch.float64, requires_grad=True)
a = torch.tensor(1.3, dtype=torch.float64, requires_grad=True)
w = torch.tensor([[1.0, -0.8], [-0.4, 0.9]], dtype=torch.float64)
score = torch.tanh(a * (x @ w.T)).sum()
(slope,) = torch.autograd.grad(score, x, create_graph=True)
penalty = ((slope.norm(dim=1) - 1) ** 2).mean()
(gradient,) = torch.autograd.grad(penalty, a)
print(f"value {penalty.item():.7f}, gradient {gradient.item():.7f}")
