namespace Treeline.Tests;

/// <summary>
/// Checks the order in which things happen: <c>Expect(1)</c>, <c>Expect(2)</c>, …, <c>Finish(n)</c> must be reached in
/// that order, from whichever threads. A mistake is kept as well as thrown, because a scope may catch what its child throws.
/// </summary>
public sealed class Events
{
    private readonly Lock _gate = new();
    private int _last;
    private bool _finished;
    private string? _mistake;

    public void Expect(int number) => Reach(number, finish: false);

    public void Finish(int number) => Reach(number, finish: true);

    /// <summary>Called by <see cref="TreeTest"/> when the test has ended.</summary>
    public void Verify()
    {
        lock (_gate)
        {
            Assert.True(_mistake is null, _mistake);
            Assert.True(_last == 0 || _finished, $"Event {_last} was reached, but not the finish.");
        }
    }

    private void Reach(int number, bool finish)
    {
        lock (_gate)
        {
            _last++;
            if (_mistake is null && (number != _last || _finished))
            {
                _mistake = _finished
                    ? $"Event {number} came after the finish."
                    : $"Event {number} came as number {_last}.";
            }

            _finished |= finish;
            Assert.True(_mistake is null, _mistake);
        }
    }
}
