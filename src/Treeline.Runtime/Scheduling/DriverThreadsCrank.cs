namespace Treeline;

/// <summary>Turns the workers of a runtime by threads of its own, which wait in the driver when they have nothing to do.</summary>
/// <remarks><b>Protocol.</b> That of <see cref="OwnThreadsCrank"/>, with <see cref="DriverSeat"/> in place of the event.</remarks>
internal sealed class DriverThreadsCrank : OwnThreadsCrank
{
    private readonly RuntimeCore _core;
    private readonly Func<bool> _isStopping;
    private readonly bool _spares;

    /// <param name="core">Whose workers they are.</param>
    /// <param name="patience">How long a thread waits for work before it ends.</param>
    public DriverThreadsCrank(RuntimeCore core, TimeSpan patience)
        : this(core, core.Settings.ThreadName, patience, tenure: null, spares: false)
    {
    }

    private DriverThreadsCrank(RuntimeCore core, string name, TimeSpan patience, TimeSpan? tenure, bool spares)
        : base(name, patience, tenure)
    {
        _core = core;
        _spares = spares;
        _isStopping = () => IsStopping;
    }

    public override bool HandsOff => !_core.IsPinned;

    public override bool IsWatched => true;

    public override bool NotesWork => _core.Busy.IsOn;

    public override OwnThreadsCrank MakeSpares(TimeSpan patience, TimeSpan tenure) =>
        new DriverThreadsCrank(_core, $"{_core.Settings.ThreadName} (spare)", patience, tenure, spares: true);

    public override TimerShard MakeTimers() => _core.MakeTimers();

    public override void Retire(Worker worker) => _core.KeepTimers(worker);

    public override bool WantsWorker() => _core.Seat.IsNeglected;

    public override bool SeenBusy(Worker worker, uint dispatch, TimeSpan elapsed) => _core.Busy.Seen(worker, dispatch, elapsed);

    public override bool BringsWork(Worker worker) => _core.Seat.Look(worker);

    public override void Begin(Worker worker)
    {
        worker.UntilLook = DriverSeat.DispatchesPerLook;
        _core.Unparked(worker);
        _core.Seat.Dispatch(worker);
    }

    public override bool Leaves(Worker worker)
    {
        worker.UntilLook = DriverSeat.DispatchesPerLook;
        _core.Seat.Look(worker);
        return false;
    }

    protected override void Run(Worker worker)
    {
        if (!_core.TakesThread())
        {
            return;
        }

        SynchronizationContext.SetSynchronizationContext(_core.Context);
        _core.ThreadStarts();
        try
        {
            worker.Drive(this);
        }
        finally
        {
            _core.Seat.GiveBack();
            if (_spares)
            {
                _core.Seat.PassOn(_core.Scheduler);
            }

            _core.ThreadEnds();
        }
    }

    protected override bool Wait(Worker worker, TimeSpan patience)
    {
        _core.Parked(worker);
        return _core.Seat.Wait(worker, patience, _isStopping);
    }

    protected override void Rouse(Worker worker) => _core.Seat.Rouse(worker);
}
