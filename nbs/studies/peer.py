"""Peers on vectors that are given, in an environment of their own; `peers.ipynb` runs this.

A line of standard input is a job, {"in": npz with q, a, valid, test, bank_valid, bank_test, q_id, a_id, "out": npz, "seed": 0}. The answer is a line
{peer: {"seconds": of the processor, for its whole grid, "params": of its last setting}}, and in the archive, for each setting, `PEER|SETTING|valid`
and `...|test`, the questions as the peer maps them, and `...|valid bank` and `...|test bank` if it maps the bank.
"""
import json, os, sys, tempfile, time, warnings

os.environ['OMP_NUM_THREADS'] = '1'
warnings.filterwarnings('ignore')

import numpy as np, torch
from torch.nn import functional as F
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset

torch.set_num_threads(1)

SNAPSHOTS = (1, 2, 4, 8, 16, 32, 64, 128) # epochs that are settings

def length(n):
    "Epochs of a training with n pairs"
    return 128 if n <= 200 else 64 if n <= 500 else 32 if n <= 2000 else 16

def forms(data):
    "The vectors as they are and, where that is something else, at unit length"
    unit = {name: F.normalize(x) if x.ndim == 2 else x for name, x in data.items()}
    return {'': data} if torch.allclose(unit['a'], data['a'], atol=1e-3) else {'': data, 'unit ': unit}

def mapped(f, data): return {part: f(data[part]) for part in ('valid', 'test')}

def size(net): return sum(p.numel() for p in net.parameters())

def by_train_model(data, make, grid, seed):
    "LlamaIndex's own loop, loss, optimiser and schedule; it saves after every epoch, which is where snapshots are taken"
    from llama_index.finetuning.embeddings.adapter_utils import train_model
    n, d = data['q'].shape
    for k, (rate, batch) in enumerate(grid):
        torch.manual_seed(seed*100 + k)
        pairs, found, epochs = TensorDataset(data['q'], data['a']), [], length(n)
        loader = DataLoader(pairs, sampler=BatchSampler(RandomSampler(pairs), batch, False), batch_size=None)
        net, steps = make(d), len(loader)
        def save(self, path):
            name = os.path.basename(path)
            if name.startswith('step_') and int(name[5:])//steps in SNAPSHOTS:
                with torch.no_grad(): found.append((f'{rate} {batch} {name}', mapped(lambda x: self(x).numpy(), data)))
        net.__class__ = type(type(net).__name__, (type(net),), {'save': save})
        with tempfile.TemporaryDirectory() as folder:
            train_model(net, loader, torch.device('cpu'), epochs=epochs, warmup_steps=steps*epochs//10, optimizer_params={'lr': rate}, output_path=folder + '/model',
                        checkpoint_path=folder, checkpoint_save_steps=steps, show_progress_bar=False)
        for setting, parts in found: yield setting, size(net), parts

def llama_linear(data, seed):
    from llama_index.embeddings.adapter.utils import LinearLayer
    return by_train_model(data, lambda d: LinearLayer(d, d), [(r, b) for b, rates in ((32, (1e-3, 3e-3)), (128, (3e-4, 1e-3, 3e-3))) for r in rates], seed)

def llama_two_layer(data, seed):
    from llama_index.embeddings.adapter.utils import TwoLayerNN
    return by_train_model(data, lambda d: TwoLayerNN(d, 1024, d, bias=True, add_residual=True), [(1e-3, 32), (1e-3, 128), (3e-3, 128)], seed)

class Rows:
    "What `NoDuplicatesBatchSampler` reads of a dataset"
    column_names = ['anchor', 'positive']
    def __init__(self, data): self.rows = [{'anchor': f'q{q}', 'positive': f'a{a}'} for q, a in zip(data['q_id'].tolist(), data['a_id'].tolist())]
    def __len__(self): return len(self.rows)
    def __getitem__(self, i): return self.rows[i]

def st_dense(data, seed):
    "sentence-transformers' `Dense` from the identity on the question, with its loss and, in batches of 32, its sampler without duplicates"
    from sentence_transformers.base.modules import Dense
    from sentence_transformers.base.sampler import NoDuplicatesBatchSampler
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from transformers import get_linear_schedule_with_warmup
    n, d = data['q'].shape
    key, epochs = 'sentence_embedding', length(n)
    for k, (rate, batch) in enumerate(((1e-3, 32), (3e-4, 128), (1e-3, 128), (3e-3, 128))):
        torch.manual_seed(seed*100 + k)
        distinct = batch == 32
        sampler = NoDuplicatesBatchSampler(Rows(data), batch, False, generator=torch.Generator(), seed=seed*100 + k) if distinct else BatchSampler(RandomSampler(data['q']), batch, False)
        net = Dense(d, d, bias=True, activation_function=None, init_weight=torch.eye(d), init_bias=torch.zeros(d))
        loss_of, total = MultipleNegativesRankingLoss(net), sum(1 for _ in sampler)*epochs
        opt = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=0.)
        schedule = get_linear_schedule_with_warmup(opt, total//10, total)
        for epoch in range(1, epochs + 1):
            if distinct: sampler.set_epoch(epoch)
            for i in sampler:
                loss = loss_of.compute_loss_from_embeddings([net({key: data['q'][i]})[key], data['a'][i]], None)
                opt.zero_grad(); loss.backward()
                torch.nn.utils.clip_grad_norm_(net.parameters(), 1.)
                opt.step(); schedule.step()
            if epoch in SNAPSHOTS:
                with torch.no_grad(): yield f'{rate} {batch} epoch {epoch}', size(net), mapped(lambda x: net({key: x})[key].numpy(), data)

def aecp_maps(data, seed):
    "The mappings of aecp, each with its name and its number of parameters"
    from aecp.mapping import LowRankAffineMapping, OrthogonalProcrustesMapping, ProcrustesDiagMapping, ResidualMLPMapping, RidgeMapping
    n, d = data['q'].shape
    maps = [(f'ridge {c}', RidgeMapping(alpha=c, seed=seed)) for c in ('auto', .01, .1, 1., 10., 100.)]
    maps += [('low rank', LowRankAffineMapping(alpha='auto', rank=max(d//4, 1), seed=seed)), ('procrustes', OrthogonalProcrustesMapping(seed=seed)), ('procrustes diagonal', ProcrustesDiagMapping(seed=seed))]
    maps += [(f'residual MLP {e}', ResidualMLPMapping(seed=seed, n_epochs=e)) for e in ((10, 30) if n <= 2000 else (30,))]
    for name, make in maps:
        torch.manual_seed(seed)
        try: fitted = make.fit(data['q'].numpy(), data['a'].numpy())
        except np.linalg.LinAlgError as e:  # its low rank, with more dimensions than pairs
            print(f'aecp, {name}: {e}; left out')
            continue
        params = size(fitted._model) if name.startswith('residual') else fitted._W.size if name != 'low rank' else max(d//4, 1)*sum(fitted._W.shape)
        yield name, params, fitted

def aecp(data, seed):
    "Questions mapped to where answers are"
    for name, params, fitted in aecp_maps(data, seed): yield name, params, mapped(lambda x: fitted.transform(x.numpy()), data)

def aecp_bank(data, seed):
    "Its way of migrating a store: questions as they are, and the bank mapped to where questions are"
    for name, params, fitted in aecp_maps(data, seed):
        yield name, params, {part: data[part].numpy() for part in ('valid', 'test')} | {f'{part} bank': fitted.inverse_transform(data[f'bank_{part}'].numpy()) for part in ('valid', 'test')}

PEERS = {'LlamaIndex linear': llama_linear, 'LlamaIndex two-layer': llama_two_layer, 'sentence-transformers Dense': st_dense, 'aecp': aecp, 'aecp, bank re-encoded': aecp_bank}

if __name__ == '__main__':
    report, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        job, found, about = json.loads(line), {}, {}
        with np.load(job['in']) as z: data = {name: torch.from_numpy(z[name]) for name in z.files}
        for peer, fits in PEERS.items():
            start = time.process_time()
            for form, (setting, params, parts) in ((form, o) for form, vectors in forms(data).items() for o in fits(vectors, job['seed'])):
                if all(np.isfinite(x).all() for x in parts.values()): found |= {f'{peer}|{form}{setting}|{part}': x.astype(np.float32) for part, x in parts.items()}
            about[peer] = {'seconds': time.process_time() - start, 'params': params}
        np.savez(job['out'], **found)
        print(json.dumps(about), file=report, flush=True)
