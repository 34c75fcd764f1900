using System.Runtime.InteropServices;

namespace Treeline.App.Server;

/// <summary>The requests to stop, in order: Ctrl-C and SIGTERM of this process, or what a test raises.</summary>
/// <remarks>Some senders signal twice at once: <c>timeout</c> signals its child and then the child's whole group. That is
/// one request, not a person who has pressed Ctrl-C again.</remarks>
internal sealed class StopSignals(TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan s_sameRequest = TimeSpan.FromMilliseconds(50);

    private readonly (MpscSender<string> Sender, MpscReceiver<string> Receiver) _raised = Mpsc.Unbounded<string>(name: "signals");
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Lock _lock = new();
    private (string Name, long At)? _last;

    /// <summary>Every signal raised so far and from now on.</summary>
    public MpscReceiver<string> Raised => _raised.Receiver;

    /// <summary>Listens to the operating system. From here on a signal no longer ends the process by itself.</summary>
    public static StopSignals OfProcess()
    {
        var signals = new StopSignals(TimeProvider.System);
        foreach (PosixSignal signal in (ReadOnlySpan<PosixSignal>)[PosixSignal.SIGINT, PosixSignal.SIGTERM])
        {
            signals._registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                signals.Raise(context.Signal.ToString());
            }));
        }

        return signals;
    }

    /// <summary>Asks to stop; the same name again at once is the same request.</summary>
    public void Raise(string name)
    {
        lock (_lock)
        {
            if (_last is { } last && last.Name == name && clock.GetElapsedTime(last.At) < s_sameRequest)
            {
                return;
            }

            _last = (name, clock.GetTimestamp());
            _raised.Sender.TrySend(name);
        }
    }

    /// <summary>Ends <see cref="Raised"/>: nobody listens any more.</summary>
    public void Complete() => _raised.Sender.Complete();

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }

        Complete();
    }
}
