using System.Runtime.InteropServices;
using System.Threading.Channels;

namespace Treeline.App.Server;

/// <summary>The requests to stop, in order: Ctrl-C and SIGTERM of this process, or what a test raises.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly Channel<string> _raised = Channel.CreateUnbounded<string>();
    private readonly List<PosixSignalRegistration> _registrations = [];

    /// <summary>Every signal raised so far and from now on.</summary>
    public ChannelReader<string> Raised => _raised.Reader;

    /// <summary>Listens to the operating system. From here on a signal no longer ends the process by itself.</summary>
    public static StopSignals OfProcess()
    {
        var signals = new StopSignals();
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

    public void Raise(string name) => _raised.Writer.TryWrite(name);

    /// <summary>Ends <see cref="Raised"/>: nobody listens any more.</summary>
    public void Complete() => _raised.Writer.TryComplete();

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }

        Complete();
    }
}
