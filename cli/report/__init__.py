"""Pages and pictures: what a run, an ablation or a simulation shows people."""
