namespace Treeline;

/// <summary>Stands for the spin lock: an actor that finds it taken is not chosen until it is free.</summary>
internal struct Gate
{
    private Cell? _cell;

    public Holding Enter()
    {
        Cell cell = _cell ??= new Cell();
        Interleave.Until(cell, "taken", () => !cell.Taken);
        Assert.False(cell.Taken, "Two hold one gate.");
        cell.Taken = true;
        return new Holding(cell);
    }

    internal readonly struct Holding(Cell cell) : IDisposable
    {
        public void Dispose()
        {
            Interleave.Write(cell, "taken");
            cell.Taken = false;
        }
    }

    internal sealed class Cell
    {
        public bool Taken { get; set; }

        public override string ToString() => "a gate";
    }
}
