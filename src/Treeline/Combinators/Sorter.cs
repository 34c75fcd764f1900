namespace Treeline;

/// <summary>
/// Brings parcels into the order of their numbers. Each maker holds one number at a time and goes on when that was taken, so
/// with n makers the numbers that are not taken yet span no more than n.
/// </summary>
/// <typeparam name="T">The type of the results.</typeparam>
/// <param name="makers">How many there are at most.</param>
internal sealed class Sorter<T>(int makers)
{
    // Grows with the makers that there really are.
    private Parcel<T>?[] _early = new Parcel<T>?[Math.Min(makers, 16)];
    private long _next;

    /// <summary>Adds one that has come.</summary>
    public void Add(Parcel<T> parcel)
    {
        while (parcel.Number - _next >= _early.Length)
        {
            Grow();
        }

        _early[parcel.Number % _early.Length] = parcel;
    }

    /// <summary>Takes the next in order, if it has come.</summary>
    public Parcel<T>? TakeNext()
    {
        ref Parcel<T>? place = ref _early[_next % _early.Length];
        Parcel<T>? parcel = place;
        if (parcel is not null)
        {
            place = null;
            _next++;
        }

        return parcel;
    }

    private void Grow()
    {
        var larger = new Parcel<T>?[_early.Length * 2];
        foreach (Parcel<T>? parcel in _early)
        {
            if (parcel is not null)
            {
                larger[parcel.Number % larger.Length] = parcel;
            }
        }

        _early = larger;
    }
}
