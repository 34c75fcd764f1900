namespace Treeline.Testing;

/// <summary>A timer whose time has come, as it was set then. It fires unless it has been set anew or disposed of since.</summary>
internal readonly record struct DueTimer(VirtualTimer Timer, long Setting)
{
    /// <summary>Runs the callback, on this thread.</summary>
    public void Fire() => Timer.Fire(this);
}
